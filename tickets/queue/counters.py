"""The event's counters, columns of its row: how many reservations of each status it has."""

from collections.abc import Iterable

from django.db.models import Count, Sum

from events.live import notifications
from events.models import Event, EventQuerySet
from tickets.models import Reservation

Status = Reservation.Status
COUNTERS = [*(f"{status}_count" for status in Status), "checked_in_count"]


def count(event: Event, status: str, more: int) -> None:
    """Change the counter of this status by `more`. The caller holds the lock and saves it."""
    name = f"{status}_count"
    setattr(event, name, getattr(event, name) + more)


def save_counters(event: Event) -> None:
    """Write the counters, and notify pages of them after the commit. The caller holds the lock."""
    event.save(update_fields=COUNTERS)
    notifications.notify(event.pk)


def how_many(events: EventQuerySet, statuses: Iterable[str]) -> int:
    """How many reservations of these statuses the events have: the sum of their counters."""
    totals = events.aggregate(**{status: Sum(f"{status}_count") for status in statuses})
    return sum(total or 0 for total in totals.values())


def how_many_of(event: Event, statuses: Iterable[str]) -> int:
    """How many reservations of these statuses one event has, by its counters."""
    return sum(getattr(event, f"{status}_count") for status in statuses)


def approvable(event: Event) -> int:
    """How many pending reservations could be confirmed now: as many as there are seats for."""
    return min(event.seats_left, event.pending_count) if event.is_published else 0


def counts(event: Event) -> dict[str, int]:
    """How many reservations the event has, by status.

    Those of a cancelled event are counted by what they were before it was cancelled.
    """
    found = {str(status): int(getattr(event, f"{status}_count")) for status in Status}
    if event.is_cancelled:
        had_place = event.reservations.had_place().filter(status=Status.REJECTED).order_by()
        before = had_place.values_list("status_at_cancellation").annotate(Count("pk"))
        for status, number in before:
            found[status] += number
            found[Status.REJECTED] -= number
    return found
