"""Somebody deletes their account: what becomes of their reservations."""

from contextlib import suppress

from django.utils import timezone

from accounts.models import User
from eventflow.core.errors import Refused
from tickets.models import Reservation
from tickets.queue import registration


def release_reservations_of(person: User) -> None:
    """Give back every place at an event that isn't over, and forget what organizers wrote. What was stays, without a name.

    In the caller's transaction. Takes the events' locks in the order of their ids, so two who leave at once don't wait for each other.
    """
    held = Reservation.objects.active().filter(person=person, event__end_time__gt=timezone.now())
    for reservation in held.order_by("event_id"):
        with suppress(
            Refused
        ):  # used at the door, so it stays as it is; or decided at this very moment
            registration.cancel(reservation, by=person)
    Reservation.objects.filter(person=person).update(message="", note="")
