"""Small parts of the organizer's panel: the names of its tabs, the line of recent sign-ups."""

from collections.abc import Sequence

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

register = template.Library()

TABS = {
    "all": gettext_lazy("All"),
    "published": gettext_lazy("Published"),
    "drafts": gettext_lazy("Drafts"),
    "past": gettext_lazy("Past"),
    "cancelled": gettext_lazy("Cancelled"),
}


@register.simple_tag
def tab_name(name: str) -> str:
    return str(TABS[name])


@register.simple_tag
def spark(counts: Sequence[int]) -> SafeString:
    """Reservations a day as a line, oldest first; the sum in words for screen readers."""
    total = sum(counts)
    if not total:
        return format_html('<span class="muted small one-line">{}</span>', _("No sign-ups yet"))
    step, height = 96 / (len(counts) - 1), 24 / max(counts)
    points = " ".join(f"{step * i:.1f},{26 - height * count:.1f}" for i, count in enumerate(counts))
    label = ngettext(
        "%(count)d sign-up in the last 14 days", "%(count)d sign-ups in the last 14 days", total
    ) % {"count": total}
    drawing = (
        '<svg class="spark" viewBox="0 0 96 28" preserveAspectRatio="none" role="img"'
        ' aria-label="{}"><polyline points="{}"/></svg>'
    )
    return format_html(drawing, label, points)
