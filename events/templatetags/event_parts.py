"""What every page shows of an event: its date and hours, its status, its capacity."""

from collections.abc import Callable
from typing import Any

from django import template
from django.utils.dateformat import format as in_words
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from eventflow.templatetags.design import icon, share
from events import date_text
from events.live import feeds
from events.live.frames import PARTS
from events.models import Event

register = template.Library()

for text in (
    date_text.day,
    date_text.day_in_line,
    date_text.near_day,
    date_text.rest_of_day,
    date_text.short_day,
    date_text.without_weekday,
    date_text.clock,
    date_text.starts,
    date_text.hours,
    date_text.zone_name,
):
    register.filter(text)
register.filter("short_moment", date_text.short_moment, expects_localtime=True)

# The icon of each status, of events and of reservations.
STATUS_ICONS = {
    "draft": "circle-dashed",
    "published": "circle-check",
    "past": "history",
    "pending": "hourglass",
    "queued": "hourglass",
    "confirmed": "circle-check",
    "checked-in": "door-open",
    "had-confirmed": "history",
    "had-pending": "history",
    "rejected": "circle-x",
    "cancelled": "ban",
}
# The words of an event's statuses, and of those that no model knows. A reservation has its own.
STATUS_WORDS = dict(Event.Status.choices) | {
    "past": gettext_lazy("Past"),
    "queued": gettext_lazy("In queue"),
    "checked-in": gettext_lazy("Inside"),
}


@register.simple_tag
def status(name: str, words: str = "") -> SafeString:
    """A status as icon and words. `words`: a reservation's `state_words`, or another text."""
    return format_html(
        '<span class="status" data-state="{}">{}{}</span>',
        name,
        icon(STATUS_ICONS[name]),
        words or STATUS_WORDS[name],
    )


@register.filter
def title_step(title: str) -> str:
    """The class that makes a long title smaller, so that date and place stay visible."""
    return " title--longest" if len(title) > 140 else " title--long" if len(title) > 60 else ""


@register.simple_tag
def date_block(event: Event) -> SafeString:
    """The day of the start as a calendar leaf: month, day, weekday."""
    start = event.local_start
    parts = (
        (name, in_words(start, how))
        for name, how in (("month", "M"), ("day", "j"), ("weekday", "D"))
    )
    leaf = format_html_join("", '<span class="date-block__{}">{}</span>', parts)
    return format_html(
        '<time class="date-block" datetime="{}">{}</time>', start.date().isoformat(), leaf
    )


@register.simple_tag
def own_time(event: Event) -> SafeString:
    """An element for the hours on the reader's clock; a script fills it where they differ."""
    return format_html(
        '<span class="own-time" data-start="{}" data-end="{}" data-words="{}"></span>',
        event.local_start.isoformat(),
        event.local_end.isoformat(),
        _("{time} on your clock"),
    )


# --- Capacity and live metrics ---

# Tells htmx that a snippet of a socket replaces the element with the same id.
SWAP = mark_safe(' hx-swap-oob="true"')


@register.simple_tag
def live_socket(event: Event, *parts: str) -> SafeString:
    """The attributes of the element that connects a page to the event's live metrics.

    `parts`: the parts that the page always shows.
    """
    if unknown := set(parts) - set(PARTS):
        raise template.TemplateSyntaxError(f"no parts of a live socket: {unknown}")
    address = f"/ws/events/{event.pk}/?format=html&parts={','.join(parts)}"
    return format_html(
        'hx-ext="ws" ws-connect="{}" data-heartbeat="{}"', address, f"{feeds.HEARTBEAT_SECONDS:g}"
    )


@register.simple_tag
def live(name: str, value: int, pushed: bool = False) -> SafeString:
    """A number that the event's socket updates. `pushed`: as a snippet of the socket."""
    return format_html(
        '<data id="live-{}" value="{}"{}>{}</data>', name, value, SWAP if pushed else "", value
    )


@register.simple_tag
def live_words(name: str, value: int, event: Event | None = None) -> SafeString:
    """The words after a live number, with every plural form for the script that updates them.

    An `event` by approval has other words: its free seats are given by the organizer.
    """
    by_approval = event is not None and not event.is_automatic and not event.is_full
    words = WORDS[f"{name} by approval" if by_approval else name]
    # 1, 2 and 5 stand for the plural categories of the languages we speak.
    samples = (("one", 1), ("few", 2), ("many", 5), ("other", 5))
    plurals = ((form, words(sample)) for form, sample in samples)
    forms = format_html_join(" ", 'data-{}="{}"', plurals)
    return format_html('<span data-plural="live-{}" {}>{}</span>', name, forms, words(value))


@register.simple_tag
def live_bar(event: Event, pushed: bool = False) -> SafeString:
    """The capacity bar that the socket updates. Hidden from screen readers: words stand beside."""
    drawing = '<svg class="capacity__bar" id="live-bar" aria-hidden="true"{}>{}</svg>'
    return format_html(drawing, SWAP if pushed else "", capacity_shapes(event))


@register.simple_tag
def live_bar_door(event: Event, pushed: bool = False) -> SafeString:
    """The bar of the live page: checked in, confirmed but not checked in, pending."""
    inside, expected = event.checked_in_count, event.confirmed_count - event.checked_in_count
    rects = (
        ("checked", 0, inside),
        ("confirmed", inside, expected),
        ("pending", event.confirmed_count, pending_shown(event)),
    )
    drawing = (
        '<svg class="capacity__bar capacity__bar--big" id="live-bar-door"'
        ' aria-hidden="true"{}>{}</svg>'
    )
    return format_html(drawing, SWAP if pushed else "", rectangles(rects, event.seats_limit))


@register.simple_tag
def bar(event: Event, extra: str = "capacity__bar--slim") -> SafeString:
    """A capacity bar without updates, with a name for screen readers."""
    name = _("%(confirmed)d of %(limit)d spots confirmed, %(pending)d waiting") % {
        "confirmed": event.confirmed_count,
        "limit": event.seats_limit,
        "pending": event.pending_count,
    }
    drawing = '<svg class="capacity__bar {}" role="img" aria-label="{}">{}</svg>'
    return format_html(drawing, extra, name, capacity_shapes(event))


@register.filter
def free_seats(event: Event) -> str:
    """A line of a list: `7 of 24 spots left`, `24 spots, 30 have asked`, `Sold out, 6 waiting`."""
    numbers = {
        "left": event.seats_left,
        "limit": event.seats_limit,
        "count": event.pending_count,
        "pending": event.pending_count,
    }
    if event.is_full:
        waiting = _("Sold out, %(pending)d waiting") % numbers
        return waiting if event.pending_count else _("Sold out")
    if event.is_automatic:
        return _("%(left)d of %(limit)d spots left") % numbers
    spots = ngettext("%(left)d spot", "%(left)d spots", event.seats_left) % numbers
    asked = ngettext("%(count)d has asked", "%(count)d have asked", event.pending_count) % numbers
    return f"{spots}, {asked}" if event.pending_count else spots


def capacity_shapes(event: Event) -> SafeString:
    confirmed, pending = event.confirmed_count, pending_shown(event)
    rects = (("confirmed", 0, confirmed), ("pending", confirmed, pending))
    return rectangles(rects, event.seats_limit)


def pending_shown(event: Event) -> int:
    """How many of the pending reservations fit behind the confirmed ones on the bar."""
    return min(event.pending_count, event.seats_left)


def rectangles(rects: Any, whole: int) -> SafeString:
    """SVG rectangles of (class, start, size), in shares of the whole."""
    shapes = ((name, share(start, whole), share(part, whole)) for name, start, part in rects)
    return format_html_join("", '<rect class="fill-{}" x="{}" width="{}" height="100%"/>', shapes)


WORDS: dict[str, Callable[[int], str]] = {
    "spots-left": lambda n: ngettext("spot left", "spots left", n),
    "pending": lambda n: ngettext("person waiting", "people waiting", n),
    "spots-left by approval": lambda n: ngettext("spot to be given", "spots to be given", n),
    "pending by approval": lambda n: ngettext("person has asked", "people have asked", n),
}
