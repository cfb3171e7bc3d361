"""What happens to a person's reservations when their account is deleted."""

from contextlib import suppress

from django.utils import timezone

from accounts.models import User
from eventflow.core.errors import Refused
from tickets.models import Reservation
from tickets.queue import registration


def release_reservations_of(person: User) -> None:
    """Cancel the person's active reservations at events that aren't over, and erase all notes.

    Reservations of past events stay, with an account that has no name any more. In the caller's
    transaction. Takes the events' locks in the order of their ids, so that two deletions at the
    same time can't wait for each other.
    """
    held = Reservation.objects.active().filter(person=person, event__end_time__gt=timezone.now())
    for reservation in held.order_by("event_id"):
        # Refused where the ticket was used, so that it stays as it is; or decided a moment ago.
        with suppress(Refused):
            registration.cancel(reservation, by=person)
    Reservation.objects.filter(person=person).update(message="", note="")
