"""What every form of a page carries: Django's token, and for whom the page was drawn."""

from typing import Any

from django import template
from django.template.defaulttags import CsrfTokenNode
from django.utils.html import format_html
from django.utils.safestring import SafeString

from eventflow import kept_forms

register = template.Library()


class Marks(CsrfTokenNode):
    """Django's field with the token, and ours with the person, if somebody is logged in."""

    def render(self, context: template.Context) -> SafeString:
        mark = drawn_for(context)
        field = format_html('<input type="hidden" name="{}" value="{}">', kept_forms.DRAWN_FOR, mark)
        return format_html("{}{}", super().render(context), field if mark else "")


@register.tag
def csrf_token(parser: Any, token: Any) -> Marks:
    return Marks()


@register.simple_tag(takes_context=True)
def drawn_for(context: template.Context) -> str:
    """The mark of the person for whom the page is drawn; empty if nobody is logged in."""
    request = context.get("request")
    if request is None or not context.get("csrf_token"):
        return ""
    person = kept_forms.person_of(request)
    return kept_forms.mark_of(person) if person.is_authenticated else ""
