"""The arrivals chart of the live page, as an SVG and as a table."""

import math
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from events.date_text import clock
from events.models import Event
from tickets.checkin import arrivals as service
from tickets.checkin.arrivals import Arrivals

register = template.Library()

WIDTH, HEIGHT, GAP = 600, 180, 6
# The axis below has five parts, the ones beside it three.
PARTS_BELOW, PARTS_BESIDE = 5, 3


@register.inclusion_tag("tickets/_arrivals.html", name="arrivals")
def arrivals_of(event: Event) -> dict[str, Any]:
    return parts(event)


def parts(event: Event) -> dict[str, Any]:
    """Return the context of `tickets/_arrivals.html`, with three queries."""
    found = service.arrivals(event)
    conflicts = event.scans.conflicts().open().count()
    return {
        "event": event,
        "arrivals": found,
        "latest": service.latest(event),
        "conflicts": conflicts,
        **(axes(found) if found.steps else {}),
    }


def axes(found: Arrivals) -> dict[str, Any]:
    """Return the numbers beside the plot, from top to bottom, and the times below it."""
    first, columns = found.steps[0], columns_of(found)
    below = [
        first.begins + (first.ends - first.begins) * (columns * part // PARTS_BELOW)
        for part in range(PARTS_BELOW + 1)
    ]
    return {
        "counts": scale(found.busiest.count),
        "totals": scale(max(found.total, found.expected)),
        "times": [clock(moment) for moment in below],
    }


def scale(highest: int) -> list[int]:
    """Return round numbers for an axis on which `highest` has room: `[30, 20, 10, 0]`."""
    tens = 10 ** max(0, len(str(math.ceil(highest / PARTS_BESIDE))) - 1)
    part = next(part * tens for part in (1, 2, 5, 10) if part * tens * PARTS_BESIDE >= highest)
    return [part * number for number in reversed(range(PARTS_BESIDE + 1))]


def columns_of(found: Arrivals) -> int:
    """Return how many columns the plot has.

    As many as there are steps, and so many more that each time below is at the start of a step.
    """
    return math.ceil(len(found.steps) / PARTS_BELOW) * PARTS_BELOW


@register.simple_tag
def arrivals_plot(found: Arrivals) -> SafeString:
    """Draw the plot.

    A bar for each step, the newest in full colour; a line for the running total, and a dashed line
    for how many guests are expected.
    """
    top = scale(max(found.total, found.expected))[0]
    width = WIDTH / columns_of(found)
    curve = " ".join(
        f"{width * (number + 1):.1f},{HEIGHT - HEIGHT * step.total / top:.1f}"
        for number, step in enumerate(found.steps)
    )
    drawing = (
        '<svg class="chart__plot" viewBox="0 0 600 180" preserveAspectRatio="none"'
        ' aria-hidden="true"><path class="grid" d="M0 0H600M0 60H600M0 120H600M0 180H600"/>{}'
        '<path class="target" d="M0 {}H600"/><polyline class="curve" points="0,180 {}"/></svg>'
    )
    expected = f"{HEIGHT - HEIGHT * found.expected / top:.1f}"
    return format_html(drawing, bars(found, width), expected, curve)


def bars(found: Arrivals, width: float) -> SafeString:
    """Draw a bar for each step, `width` apart."""
    most = scale(found.busiest.count)[0]
    places = (
        (
            " bar--now" if step is found.steps[-1] else "",
            f"{width * number + GAP / 2:.1f}",
            f"{HEIGHT - HEIGHT * step.count / most:.1f}",
            f"{width - GAP:.1f}",
            f"{HEIGHT * step.count / most:.1f}",
        )
        for number, step in enumerate(found.steps)
    )
    return format_html_join(
        "", '<rect class="bar{}" x="{}" y="{}" width="{}" height="{}" rx="2"/>', places
    )
