"""Reminders: each confirmed guest gets one a day before the event, and another if it is moved."""

from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from eventflow import mail
from events import services as event_services
from events.models import Event, EventQuerySet
from tickets import mails

AHEAD = timedelta(hours=24)


def due() -> EventQuerySet:
    """The events that begin within a day and whose guests got no reminder of this time yet."""
    now = timezone.now()
    soon = Event.objects.published().filter(start_time__gt=now, start_time__lte=now + AHEAD)
    return soon.exclude(reminded_for=F("start_time"))


def remind_all() -> int:
    """Queue every reminder that is due. Returns how many.

    Each guest gets one, with any number of workers.
    """
    return sum(remind(event) for event in due().order_by("start_time", "pk"))


@transaction.atomic
def remind(event: Event) -> int:
    """Queue the reminders of one event. Returns how many; 0 if they are not due any more."""
    event = event_services.lock(event.pk)
    if not due().filter(pk=event.pk).exists():
        return 0
    # A guest who got the ticket within that day has just had a mail with the time.
    earlier = event.reservations.confirmed().filter(decided_at__lte=event.start_time - AHEAD)
    recipients = list(earlier.select_related("person"))
    start = event.start_time.isoformat()
    mail.queue_many(
        mails.reminder, recipients, args=lambda r: {"reservation": r.pk, "start": start}
    )
    event.reminded_for = event.start_time
    event.save(update_fields=["reminded_for"])
    return len(recipients)
