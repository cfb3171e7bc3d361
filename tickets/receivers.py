"""The queue follows the event: inside the same transaction, under the lock that the sender holds."""

from typing import Any

from django.dispatch import receiver

from accounts.models import User
from accounts.signals import person_leaving
from events.models import Event
from events.signals import door_staff_removed, event_cancelled, event_edited, event_moved
from tickets.services import devices, leaving, queue


@receiver(event_edited)
def fill_added_seats(event: Event, **kwargs: Any) -> None:
    if queue.promote(event):
        queue.save_counters(event)


@receiver(event_moved)
def tell_everybody_where_and_when(event: Event, **kwargs: Any) -> None:
    queue.tell_moved(event)


@receiver(event_cancelled)
def send_everybody_home(event: Event, by: User | None, **kwargs: Any) -> None:
    queue.reject_all(event, by=by)


@receiver(door_staff_removed)
def end_their_devices(event: Event, person: User, by: User | None, **kwargs: Any) -> None:
    devices.end_all_of(person, event, by=by)


@receiver(person_leaving)
def let_them_go(person: User, **kwargs: Any) -> None:
    leaving.let_go(person)
