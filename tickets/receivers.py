"""What reservations and devices do when an event or an account changes.

In the sender's transaction, under the lock that the sender holds.
"""

from typing import Any

from django.contrib.auth.signals import user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.models import User
from accounts.signals import access_revoked, account_deleting
from events.models import Event
from events.signals import door_staff_removed, event_cancelled, event_edited, event_moved
from tickets.checkin import devices
from tickets.queue import counters, deletion, event_changes, promotion
from tickets.views.checkin.access import session_device


@receiver(event_edited)
def fill_added_seats(event: Event, **kwargs: Any) -> None:
    """Give seats that an edit added to the head of an automatic queue."""
    if promotion.promote(event):
        counters.save_counters(event)


@receiver(event_moved)
def queue_move_mails(event: Event, before: dict[str, Any], **kwargs: Any) -> None:
    """Write to the guests that the event was moved. `before`: start, end and place until now."""
    event_changes.queue_move_mails(event, before)


@receiver(event_cancelled)
def reject_reservations(event: Event, by: User | None, **kwargs: Any) -> None:
    """Reject all active reservations of a cancelled event, and write to their guests."""
    event_changes.reject_all(event, by=by)


@receiver(door_staff_removed)
def end_devices_of_removed_staff(
    event: Event, person: User, by: User | None, **kwargs: Any
) -> None:
    devices.end_devices_of(person, event, by=by)


@receiver(access_revoked)
def revoke_device_keys(person: User, **kwargs: Any) -> None:
    """End the person's devices when their sessions and tokens end too."""
    devices.revoke_keys_of(person)


@receiver(user_logged_out)
def log_out_session_device(request: HttpRequest | None, user: User | None, **kwargs: Any) -> None:
    """End the device that the session belongs to.

    The signal is sent before the session is emptied; `user` is None where nobody was logged in.
    """
    device = session_device(request) if request and user else None
    if device:
        devices.log_out(device)


@receiver(account_deleting)
def release_reservations(person: User, **kwargs: Any) -> None:
    """Cancel the reservations of a person who deletes their account."""
    deletion.release_reservations_of(person)
