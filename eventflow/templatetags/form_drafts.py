"""What every form of a page carries: Django's token, and for whom the page was drawn."""

from typing import Any

from django import template
from django.template.defaulttags import CsrfTokenNode
from django.utils.html import format_html
from django.utils.safestring import SafeString

from eventflow.core import form_drafts

register = template.Library()


class Marks(CsrfTokenNode):
    """Django's field with the token, and ours with the person, if somebody is logged in.

    Before both stands a field that is never sent. Browsers put back what was typed into a form whose
    address and first two names are the same, for whoever is logged in by then: this name is not.
    """

    def render(self, context: template.Context) -> SafeString:
        mark, token = drawn_for(context), super().render(context)
        if not mark:
            return format_html("{}", token)
        fields = (
            '<input type="hidden" name="{}" disabled>{}<input type="hidden" name="{}" value="{}">'
        )
        person = form_drafts.request_user(context["request"])
        return format_html(fields, f"of-{person.pk}", token, form_drafts.DRAWN_FOR, mark)


@register.tag
def csrf_token(parser: Any, token: Any) -> Marks:
    return Marks()


@register.simple_tag(takes_context=True)
def drawn_for(context: template.Context) -> str:
    """The mark of the person for whom the page is drawn; empty if nobody is logged in."""
    request = context.get("request")
    if request is None or not context.get("csrf_token"):
        return ""
    person = form_drafts.request_user(request)
    return form_drafts.owner_signature(person) if person.is_authenticated else ""
