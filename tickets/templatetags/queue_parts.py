"""Texts of the queue page that a script updates when rows are ticked."""

from collections.abc import Iterable
from typing import Any

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from events.models import Event
from tickets.queue import counters

register = template.Library()


@register.simple_tag
def selected_forms() -> SafeString:
    """Return every plural form of `{n} selected` as data attributes.

    They are named like the plural categories of the browser's Intl.
    """
    forms = (("one", 1), ("few", 2), ("many", 5), ("other", 5))
    return format_html_join(
        " ", 'data-{}="{}"', ((name, selected(sample, "{n}")) for name, sample in forms)
    )


@register.simple_tag
def selected_words(rows: Iterable[Any]) -> str:
    """Say how many of these rows are ticked now; nothing for none."""
    ticked = sum(row.picked for row in rows)
    return selected(ticked, str(ticked)) if ticked else ""


def selected(number: int, shown: str) -> str:
    return ngettext("%(n)s selected", "%(n)s selected", number) % {"n": shown}


@register.simple_tag
def left_forms() -> SafeString:
    """Return every plural form of `{n} spots would be left`, as `selected_forms` does.

    And as `data-over` what to show where there are too few spots.
    """
    forms = (("one", 1), ("few", 2), ("many", 5), ("other", 5))
    texts = [(name, left(sample, "{n}")) for name, sample in forms]
    return format_html_join(" ", 'data-{}="{}"', [*texts, ("over", _("More than there are spots"))])


@register.simple_tag
def approvable(event: Event) -> int:
    """Return how many pending reservations could be confirmed now."""
    return counters.approvable(event)


@register.simple_tag
def left_words(event: Event, number: int) -> str:
    """Say how many spots would be left with `number` more confirmed."""
    seats = event.seats_left - number
    return left(seats, str(seats))


def left(number: int, shown: str) -> str:
    words = ngettext("%(n)s spot would be left", "%(n)s spots would be left", number)
    return words % {"n": shown}


@register.simple_tag
def cancelled_counts(event: Event) -> dict[str, int]:
    """Return how many had a spot, and how many were waiting, when the event was cancelled.

    As `{"confirmed": 119, "pending": 29, …}`.
    """
    return counters.counts(event)
