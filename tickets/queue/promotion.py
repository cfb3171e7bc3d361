"""The automatic move from the queue to free seats."""

from events.models import Event
from tickets.models import Reservation
from tickets.queue.transitions import give_seats

Status = Reservation.Status


def promote(event: Event) -> bool:
    """In an automatic event, give every free seat to the head of the queue.

    The caller holds the lock and saves the counters. Returns whether a seat was given.
    """
    if (
        not event.is_automatic
        or not event.is_published
        or event.is_full
        or not event.pending_count
        or event.is_past
    ):
        return False
    head = event.reservations.pending().in_queue_order().select_related("person")
    give_seats(event, list(head[: event.seats_left]), by=None)
    return True
