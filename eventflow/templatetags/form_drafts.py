"""The hidden fields of every form: Django's CSRF token, and for whom the page was rendered."""

from typing import Any

from django import template
from django.template.defaulttags import CsrfTokenNode
from django.utils.html import format_html
from django.utils.safestring import SafeString

from eventflow.core import form_drafts

register = template.Library()


class HiddenFields(CsrfTokenNode):
    """Django's field with the token and, for a person who is logged in, one with their signature.

    Before both stands a field that is never sent. A browser puts back what was typed into a form
    with the same address and first two names, also for the next person: this name differs.
    """

    def render(self, context: template.Context) -> SafeString:
        signature, token = drawn_for(context), super().render(context)
        if not signature:
            return format_html("{}", token)
        fields = (
            '<input type="hidden" name="{}" disabled>{}<input type="hidden" name="{}" value="{}">'
        )
        person = form_drafts.request_user(context["request"])
        return format_html(fields, f"of-{person.pk}", token, form_drafts.DRAWN_FOR, signature)


@register.tag
def csrf_token(parser: Any, token: Any) -> HiddenFields:
    return HiddenFields()


@register.simple_tag(takes_context=True)
def drawn_for(context: template.Context) -> str:
    """The signature of the person for whom the page is rendered; empty for a visitor."""
    request = context.get("request")
    if request is None or not context.get("csrf_token"):
        return ""
    person = form_drafts.request_user(request)
    return form_drafts.owner_signature(person) if person.is_authenticated else ""
