"""What happens to reservations when their event is cancelled, or moved in time or place.

The caller holds the event's lock.
"""

from datetime import datetime
from typing import Any

from django.conf import settings

from accounts.models import User
from eventflow import mail
from events.models import Event
from tickets import mails
from tickets.models import Reservation
from tickets.queue.counters import save_counters
from tickets.queue.transitions import change_status

Status = Reservation.Status


def reject_all(event: Event, *, by: User | None) -> None:
    """Reject all active reservations of a cancelled event, and store which status each had."""
    active = list(event.reservations.active().select_related("person"))
    groups = {
        status: [one.pk for one in active if one.status == status] for status in Reservation.ACTIVE
    }
    change_status(event, active, Status.REJECTED, by=by)
    for status, ids in groups.items():
        Reservation.objects.filter(pk__in=ids).update(status_at_cancellation=status)
    mail.queue_many(mails.event_cancelled, active, args=lambda r: {"reservation": r.pk})
    save_counters(event)


def queue_move_mails(event: Event, before: dict[str, Any]) -> None:
    """Queue a mail to each guest with an active reservation.

    The delay leaves time to correct a mistake; of several mails only the newest leaves.
    `before`: start, end and place until now. Where a mail about an earlier change still waits, its
    guests know what was before that one, so its facts are taken over.
    """
    active = list(event.reservations.active().select_related("person"))
    waiting = mail.waiting(mails.moved, event=event.pk)
    was = waiting["was"] if waiting else {name: in_json(value) for name, value in before.items()}
    facts = {"event": event.pk, "sequence": event.sequence, "was": was}
    delay = settings.MAIL_DECISION_DELAY_SECONDS
    mail.queue_many(mails.moved, active, delay=delay, args=lambda r: {"reservation": r.pk, **facts})


def in_json(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
