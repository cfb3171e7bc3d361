"""Template tags for the parts of the design: icons, avatars, shares, isolated text, form fields."""

import json
import re
import zlib
from typing import Any

from django import template
from django.core.serializers.json import DjangoJSONEncoder
from django.forms import BaseForm, BoundField
from django.template import Context
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from eventflow.core import text_direction
from eventflow.observability import get_request_context

register = template.Library()
# The hues of avatars: design tokens, by the names that the style sheets give them. Their order says
# which person has which colour.
HUES = (
    *("cherry", "coral", "amber", "olive", "fern", "jade"),
    *("lagoon", "sky", "cobalt", "iris", "plum", "rose"),
)
# The header with which a script asks for a page to store it (static/js/copy-request.js).
KEEPS_COPY = "X-Keeps-Copy"


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """An icon of the sprite, hidden from screen readers: the text beside it says the same."""
    return format_html(
        '<svg class="icon {}" aria-hidden="true"><use href="{}#{}"/></svg>',
        extra,
        static("icons.svg"),
        name,
    )


@register.simple_tag(takes_context=True)
def news(context: Context) -> Any:
    """The messages to show. None on a copy that a script stores: they wait for a visible page."""
    request = context.get("request")
    is_copy = request is not None and KEEPS_COPY in request.headers
    return () if is_copy else context.get("messages", ())


@register.simple_tag
def avatar(person: Any) -> SafeString:
    """The person's initials on a colour that their address determines."""
    initials = (person.first_name[:1] + person.last_name[:1]).upper() or person.email[:1].upper()
    hue = HUES[zlib.crc32(person.email.encode()) % len(HUES)]
    return format_html(
        '<span class="avatar" data-hue="{}" aria-hidden="true">{}</span>', hue, initials
    )


@register.simple_tag
def share(part: int, whole: int) -> str:
    """Part of a whole as an SVG length, `70.8%`; never above 100."""
    return f"{min(100.0, 100 * part / whole):.1f}%" if whole else "0%"


@register.filter
def as_json(value: Any) -> str:
    """For a data attribute that a script reads."""
    return json.dumps(value, cls=DjangoJSONEncoder)


@register.filter
def bdi(text: Any) -> SafeString:
    """Text of a person within a sentence, as HTML that isolates its direction.

    A block that holds nothing else takes `dir="auto"` instead, and then begins at the right edge.
    """
    return format_html("<bdi>{}</bdi>", text_direction.without_controls(str(text)))


@register.filter
def breakable(address: str) -> SafeString:
    """An e-mail address that breaks before its @ or a dot, not within a word or at a hyphen.

    A part that may be longer than a line breaks where it must.
    """
    parts = re.split(r"(?=[@.])", text_direction.without_controls(address))
    pieces = [
        format_html('<span class="unbroken">{}</span>', part)
        if "-" in part and len(part) < 28
        else part
        for part in parts
    ]
    return format_html_join(mark_safe("<wbr>"), "{}", ((part,) for part in pieces))


@register.filter
def isolated(text: Any) -> str:
    """Isolated text for places without markup: attributes, the page's title, plain mails."""
    return text_direction.isolated(text)


@register.inclusion_tag("_field.html")
def field(bound: BoundField, **extra: Any) -> dict[str, Any]:
    """A form field of the design: label, hint, error and control, linked for screen readers."""
    describedby = " ".join(
        name
        for name, there in (
            (f"{bound.id_for_label}-hint", bound.help_text),
            (f"{bound.id_for_label}-error", bound.errors),
        )
        if there
    )
    attrs: dict[str, Any] = (
        {} if bound.widget_type == "checkbox" else {"class": extra.pop("class", "input")}
    )
    if describedby:
        attrs["aria-describedby"] = describedby
    if bound.errors:
        attrs["aria-invalid"] = "true"
    if bound.widget_type in {"text", "textarea", "search"}:
        attrs["dir"] = "auto"
    # With a maxlength a browser cuts pasted text silently; the form refuses it and keeps it.
    attrs["maxlength"] = False
    limit = getattr(bound.field, "max_length", None) if bound.widget_type == "textarea" else None
    attrs |= {name.replace("_", "-"): value for name, value in extra.items()}
    return {"bound": bound, "control": bound.as_widget(attrs=attrs), "limit": limit}


@register.filter
def count_errors(form: BaseForm) -> int:
    """How many errors a form has, of its fields and of the form as a whole."""
    return sum(len(errors) for errors in form.errors.values())


@register.simple_tag
def reference() -> str:
    """The id of this request in the logs."""
    return get_request_context().request_id
