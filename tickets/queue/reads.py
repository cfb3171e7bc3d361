"""What pages and the API read of the queue: a person's newest reservation, and positions."""

from collections.abc import Sequence

from django.db.models import Count, F, Subquery
from django.db.models.functions import Coalesce

from accounts.models import User
from events.models import Event
from tickets.models import Reservation

Status = Reservation.Status


def active_reservation(event: Event, person_id: int) -> Reservation | None:
    """Return the person's active reservation, if they have one."""
    return event.reservations.active().filter(person_id=person_id).first()


def latest(event: Event, person: User) -> Reservation | None:
    """Return the person's active reservation for this event, else their newest one."""
    if active := active_reservation(event, person.pk):
        return active
    return event.reservations.filter(person=person).order_by("-created", "-id").first()


def position(reservation: Reservation, *, near_the_end: bool = False) -> int | None:
    """Return the position in the queue: 1 + the pending ones before it, by (created, id).

    None for a reservation that is not pending. `near_the_end`: fewer are after it than before it,
    so that those are counted and subtracted from the event's counter.
    """
    if not reservation.is_pending:
        return None
    waiting = Reservation.objects.pending().filter(event_id=reservation.event_id)
    if not near_the_end:
        return 1 + waiting.before(reservation.created, reservation.pk).count()
    # In one statement, so that both numbers are of one moment.
    behind = (
        waiting.after(reservation.created, reservation.pk)
        .order_by()
        .values("event")
        .annotate(count=Count("pk"))
        .values("count")
    )
    place = F("pending_count") - Coalesce(Subquery(behind), 0)
    return Event.objects.filter(pk=reservation.event_id).values_list(place, flat=True).get()


def assign_positions(reservations: Sequence[Reservation], *, near_the_end: bool = False) -> None:
    """Set the `position` of each of these neighbours in the order of one event's queue.

    One query, for the first that is pending; the others follow it.
    """
    waiting = [reservation for reservation in reservations if reservation.is_pending]
    first = position(waiting[0], near_the_end=near_the_end) if waiting else None
    for reservation in reservations:
        reservation.position = None
    for number, reservation in enumerate(waiting, start=first or 1):
        reservation.position = number
