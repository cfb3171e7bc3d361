"""How an event looks on every page: its date and hours on the clock of its place, its state, its capacity."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

from django import template
from django.conf import settings
from django.utils import timezone
from django.utils.dateformat import format as in_words
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy

from eventflow.templatetags.design import icon, share
from events.live import feeds
from events.live.frames import PARTS
from events.models import Event

register = template.Library()

# An event that ends by this hour, and is no longer than this, is one of the evening before. `own-time.js` has both too.
END_OF_NIGHT, LONGEST_NIGHT = time(6), timedelta(hours=12)

# One icon and one word for each state, of events and of reservations alike.
STATES = {
    "draft": ("circle-dashed", gettext_lazy("Draft")),
    "published": ("circle-check", gettext_lazy("Published")),
    "past": ("history", gettext_lazy("Past")),
    "pending": ("hourglass", gettext_lazy("Pending")),
    "queued": ("hourglass", gettext_lazy("In queue")),
    "confirmed": ("circle-check", gettext_lazy("Confirmed")),
    "checked-in": ("door-open", gettext_lazy("Inside")),
    "had-confirmed": ("history", pgettext_lazy("reservation of a cancelled event", "Had a spot")),
    "had-pending": ("history", pgettext_lazy("reservation of a cancelled event", "Was waiting")),
    "rejected": ("circle-x", gettext_lazy("Rejected")),
    "cancelled": ("ban", gettext_lazy("Cancelled")),
}


@register.simple_tag
def status(state: str, words: str = "") -> SafeString:
    """A state as icon and word. `words` replaces the usual word."""
    picture, usual = STATES[state]
    return format_html(
        '<span class="status" data-state="{}">{}{}</span>', state, icon(picture), words or usual
    )


@register.filter
def life(event: Event) -> str:
    """Where the event stands in its life: draft, published, past or cancelled."""
    return "past" if event.is_published and event.is_past else event.status


@register.filter
def title_step(title: str) -> str:
    """The class that makes a long title smaller, so that day and place stay in sight."""
    return " title--longest" if len(title) > 140 else " title--long" if len(title) > 60 else ""


# --- When -------------------------------------------------------------------------------------------------------------


@register.simple_tag
def date_block(event: Event) -> SafeString:
    """The day as a torn-off calendar leaf."""
    start = event.local_start
    parts = (
        (name, in_words(start, how))
        for name, how in (("month", "M"), ("day", "j"), ("weekday", "D"))
    )
    leaf = format_html_join("", '<span class="date-block__{}">{}</span>', parts)
    return format_html(
        '<time class="date-block" datetime="{}">{}</time>', start.date().isoformat(), leaf
    )


@register.filter
def day(moment: date) -> str:
    """`Friday, 11 December`; with the year when it isn't this one."""
    return capfirst(in_words(moment, "l, " + day_and_month(moment)))


@register.filter
def day_in_line(moment: date) -> str:
    """The same within a line, where some languages write weekdays small: `czwartek, 10 grudnia`."""
    weekday = in_words(moment, "l")
    # Translators: how your language writes a weekday within a sentence, "Thursday" or "thursday".
    if pgettext("weekday within a sentence", "Thursday").islower():
        weekday = weekday.lower()
    return f"{weekday}, {in_words(moment, day_and_month(moment))}"


@register.filter
def near_day(moment: date) -> str:
    """`Today`, `Tomorrow`, else the weekday."""
    near = {0: _("Today"), 1: _("Tomorrow")}
    return near.get((moment - timezone.localdate()).days) or capfirst(in_words(moment, "l"))


@register.filter
def rest_of_day(moment: date) -> str:
    """What stands after `near_day`: the weekday too, where a nearer word took its place."""
    return (
        day(moment) if 0 <= (moment - timezone.localdate()).days <= 1 else without_weekday(moment)
    )


@register.filter
def short_day(moment: date) -> str:
    """`Fri 11 Dec`; with the year when it isn't this one."""
    return capfirst(in_words(moment, f"D {short_month(moment)}"))


@register.filter(expects_localtime=True)
def short_moment(moment: datetime) -> str:
    """`11 Dec, 18:00`; with the year when it isn't this one."""
    return in_words(moment, f"{short_month(moment)}, H:i")


@register.filter
def without_weekday(moment: date) -> str:
    """`11 December`; with the year when it isn't this one."""
    return in_words(moment, day_and_month(moment))


@register.filter
def clock(moment: datetime) -> str:
    """`18:00`, in the zone that the moment carries."""
    return in_words(moment, "H:i")


@register.filter
def starts(event: Event) -> str:
    """`Fri 11 Dec, 18:00`, on the clock of the place."""
    return f"{short_day(event.local_start)}, {clock(event.local_start)}{zone_name(event)}"


@register.filter
def hours(event: Event) -> str:
    """`18:00–22:00`, with the zone's name where it isn't ours.

    The day of the end is named where it is another one, unless that is the end of the night: by six, and within twelve hours.
    """
    zone = zone_name(event)
    if event.is_whole_days:
        return whole_days(event) + zone
    start, end = event.local_start, event.local_end
    if event.last_day == start.date() or ends_the_night(event):
        return f"{clock(start)}–{clock(end)}{zone}"
    return f"{clock(start)} – {short_day(event.last_day)}, {last_clock(event)}{zone}"


def whole_days(event: Event) -> str:
    if event.last_day == event.local_start.date():
        return _("all day")
    return _("all day, until %(day)s") % {"day": short_day(event.last_day)}


def ends_the_night(event: Event) -> bool:
    """Whether it ends so early that nobody takes its end for that of another day."""
    return event.local_end.time() <= END_OF_NIGHT and event.duration <= LONGEST_NIGHT


def last_clock(event: Event) -> str:
    """`17:00`, and `24:00` for the midnight that ends the day named before it."""
    return clock(event.local_end) if event.last_day == event.local_end.date() else "24:00"


@register.simple_tag
def own_time(event: Event) -> SafeString:
    """Room for the same hours on the reader's own clock, which the browser knows: a script fills it where that clock shows others."""
    words = _("{time} on your clock")
    moments = (event.local_start.isoformat(), event.local_end.isoformat())
    return format_html(
        '<span class="own-time" data-start="{}" data-end="{}" data-words="{}"></span>',
        *moments,
        words,
    )


@register.filter
def zone_name(event: Event) -> str:
    return (
        "" if event.time_zone == settings.TIME_ZONE else f" ({event.time_zone.replace('_', ' ')})"
    )


def day_and_month(moment: date) -> str:
    # E is the month as a date needs it: "11 grudnia", not "11 grudzień".
    return "j E" if is_this_year(moment) else "j E Y"


def short_month(moment: date) -> str:
    # A format of Django's too: languages that write months in small letters say b instead of M.
    how = pgettext("format of a day and its month", "j M")
    return how if is_this_year(moment) else f"{how} Y"


def is_this_year(moment: date) -> bool:
    return moment.year == timezone.localdate().year


# --- Capacity, live ---------------------------------------------------------------------------------------------------


# What a snippet of a socket says to htmx: take the place of the element with the same id.
SWAP = mark_safe(' hx-swap-oob="true"')


@register.simple_tag
def live_socket(event: Event, *parts: str) -> SafeString:
    """The attributes of the element that connects a page to the event's numbers. `parts`: those that the page always shows."""
    if unknown := set(parts) - set(PARTS):
        raise template.TemplateSyntaxError(f"no parts of a live socket: {unknown}")
    address = f"/ws/events/{event.pk}/?format=html&parts={','.join(parts)}"
    return format_html(
        'hx-ext="ws" ws-connect="{}" data-heartbeat="{}"', address, f"{feeds.HEARTBEAT_SECONDS:g}"
    )


@register.simple_tag
def live(name: str, value: int, pushed: bool = False) -> SafeString:
    """A number that the event's socket keeps fresh. `pushed`: as a snippet of the socket."""
    return format_html(
        '<data id="live-{}" value="{}"{}>{}</data>', name, value, SWAP if pushed else "", value
    )


@register.simple_tag
def live_words(name: str, value: int, event: Event | None = None) -> SafeString:
    """The words after a live number, with every plural form of the language for the script that follows the number.

    While the organizer of `event` has spots to give, one that nobody has is not free for whoever comes.
    """
    by_approval = event is not None and not event.is_automatic and not event.is_full
    words = WORDS[f"{name} by approval" if by_approval else name]
    # 1, 2 and 5 stand for the plural categories of the languages we speak.
    forms = format_html_join(
        " ",
        'data-{}="{}"',
        (
            (form, words(sample))
            for form, sample in (("one", 1), ("few", 2), ("many", 5), ("other", 5))
        ),
    )
    return format_html('<span data-plural="live-{}" {}>{}</span>', name, forms, words(value))


@register.simple_tag
def live_bar(event: Event, pushed: bool = False) -> SafeString:
    """The capacity bar that the socket redraws. For eyes only: the words beside it say the same in every language."""
    return format_html(
        '<svg class="capacity__bar" id="live-bar" aria-hidden="true"{}>{}</svg>',
        SWAP if pushed else "",
        seats(event),
    )


@register.simple_tag
def live_bar_door(event: Event, pushed: bool = False) -> SafeString:
    """The bar of the live page: checked in, confirmed but not here yet, pending."""
    inside, expected = event.checked_in_count, event.confirmed_count - event.checked_in_count
    rects = (
        ("checked", 0, inside),
        ("confirmed", inside, expected),
        ("pending", event.confirmed_count, waiting_shown(event)),
    )
    return format_html(
        '<svg class="capacity__bar capacity__bar--big" id="live-bar-door" aria-hidden="true"{}>{}</svg>',
        SWAP if pushed else "",
        rectangles(rects, event.seats_limit),
    )


@register.simple_tag
def bar(event: Event, extra: str = "capacity__bar--slim") -> SafeString:
    """A capacity bar that stands still, named for screen readers."""
    name = _("%(confirmed)d of %(limit)d spots confirmed, %(pending)d waiting") % {
        "confirmed": event.confirmed_count,
        "limit": event.seats_limit,
        "pending": event.pending_count,
    }
    return format_html(
        '<svg class="capacity__bar {}" role="img" aria-label="{}">{}</svg>',
        extra,
        name,
        seats(event),
    )


@register.filter
def spots(event: Event) -> str:
    """What a list says about the room: `7 of 24 spots left`, `24 spots, 30 have asked`, `Sold out, 6 waiting`."""
    if not event.is_full and not event.is_automatic:
        words = ngettext("%(left)d spot", "%(left)d spots", event.spots_left) % {
            "left": event.spots_left
        }
        asked = ngettext("%(count)d has asked", "%(count)d have asked", event.pending_count) % {
            "count": event.pending_count
        }
        return f"{words}, {asked}" if event.pending_count else words
    if not event.is_full:
        return _("%(left)d of %(limit)d spots left") % {
            "left": event.spots_left,
            "limit": event.seats_limit,
        }
    return (
        _("Sold out, %(pending)d waiting") % {"pending": event.pending_count}
        if event.pending_count
        else _("Sold out")
    )


def seats(event: Event) -> SafeString:
    return rectangles(
        (
            ("confirmed", 0, event.confirmed_count),
            ("pending", event.confirmed_count, waiting_shown(event)),
        ),
        event.seats_limit,
    )


def waiting_shown(event: Event) -> int:
    """How many of those who wait fit behind the confirmed on the bar."""
    return min(event.pending_count, event.spots_left)


def rectangles(rects: Any, whole: int) -> SafeString:
    shapes = ((name, share(start, whole), share(part, whole)) for name, start, part in rects)
    return format_html_join("", '<rect class="fill-{}" x="{}" width="{}" height="100%"/>', shapes)


WORDS: dict[str, Callable[[int], str]] = {
    "spots-left": lambda n: ngettext("spot left", "spots left", n),
    "pending": lambda n: ngettext("person waiting", "people waiting", n),
    "spots-left by approval": lambda n: ngettext("spot to be given", "spots to be given", n),
    "pending by approval": lambda n: ngettext("person has asked", "people have asked", n),
}
