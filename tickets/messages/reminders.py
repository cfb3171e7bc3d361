"""The day before, everybody with a seat is reminded: once for each time that the event was to begin."""

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
    """The events that begin within a day and whose guests were not yet reminded of this beginning."""
    now = timezone.now()
    return (
        Event.objects.published()
        .filter(start_time__gt=now, start_time__lte=now + AHEAD)
        .exclude(reminded_for=F("start_time"))
    )


def remind_all() -> int:
    """Queue every reminder that is due. Returns how many. However many workers ask at once, each guest gets one."""
    return sum(remind(event) for event in due().order_by("start_time", "pk"))


@transaction.atomic
def remind(event: Event) -> int:
    event = event_services.lock(event.pk)
    if not due().filter(pk=event.pk).exists():
        return 0
    # Who got the ticket within that day has just read when it is.
    told = list(
        event.reservations.confirmed()
        .filter(decided_at__lte=event.start_time - AHEAD)
        .select_related("person")
    )
    mail.queue_many(
        mails.reminder,
        told,
        args=lambda r: {"reservation": r.pk, "start": event.start_time.isoformat()},
    )
    event.reminded_for = event.start_time
    event.save(update_fields=["reminded_for"])
    return len(told)
