"""The filters of lists of reservations, as the query string gives them."""

from typing import Any

from eventflow.api.serializers import reservations as data
from eventflow.core.text import email_key
from tickets.models import Reservation, ReservationQuerySet


def statuses_of(query: dict[str, Any]) -> list[str]:
    """The statuses that a list shows: the one asked for, every one for `all`.

    Without a status in the query, all but cancelled.
    """
    asked = query.get("status")
    if asked in Reservation.Status.values:
        return [asked]
    every = Reservation.Status.values
    return every if asked == data.ALL else [s for s in every if s != Reservation.Status.CANCELLED]


def filter_by_status(found: ReservationQuerySet, query: dict[str, Any]) -> ReservationQuerySet:
    wanted = statuses_of(query)
    if wanted == Reservation.Status.values:
        return found
    if len(wanted) == 1:
        return found.filter(status=wanted[0])
    # To exclude one is shorter than to name the others, and an index can leave it out too.
    return found.exclude(status=Reservation.Status.CANCELLED)


def counts_ahead(query: dict[str, Any]) -> bool:
    """Whether the event's counters know how many rows these filters find."""
    return "checked_in" not in query and not query.get("email") and not query.get("q")


def filter_reservations(found: ReservationQuerySet, query: dict[str, Any]) -> ReservationQuerySet:
    """The reservations with the query's statuses, check-in, address and words."""
    found = filter_by_status(found, query)
    if "checked_in" in query:
        found = found.checked_in(query["checked_in"])
    if query.get("email"):
        found = found.filter(person__email=email_key(query["email"]))
    return found.matching(query["q"], "event__title_folded") if query.get("q") else found
