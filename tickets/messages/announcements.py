"""Announcements: messages of an organizer to guests of an event.

Each is sent once, to the guests of its audience, and can be taken back during its first minute.
"""

import math
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from eventflow import mail
from eventflow.core import audit
from eventflow.core.errors import Refused
from events import services as event_services
from events.models import Event
from tickets import mails
from tickets.models import Announcement, ReservationQuerySet
from tickets.queue import counters

# For how long it can be taken back.
GRACE = timedelta(seconds=60)
HOUR = timedelta(hours=1)
# More than an event needs, and few enough when an organizer's account was taken over.
MOST_AN_HOUR = 6
# With those that were taken back, which fill the outbox too: each may be corrected twice.
MOST_TRIES_AN_HOUR = 3 * MOST_AN_HOUR


def audience_of(event: Event, audience: str) -> ReservationQuerySet:
    """Return the reservations whose guests get the message, one mail each.

    Of a cancelled event: those that were active when it was cancelled.
    """
    field = "status_at_cancellation" if event.is_cancelled else "status"
    all_of_them = (
        event.reservations.had_place() if event.is_cancelled else event.reservations.active()
    )
    if audience == Announcement.Audience.ALL:
        return all_of_them
    return all_of_them.filter(**{field: audience})


def choices(event: Event) -> list[tuple[str, str]]:
    """Return the audiences with their names, which say "had a spot" for a cancelled event."""
    names: dict[str, Any] = dict(Announcement.Audience.choices)
    if event.is_cancelled:
        names = Announcement.AFTER_CANCELLATION
    return [(str(value), str(name)) for value, name in names.items()]


def sizes(event: Event) -> dict[str, int]:
    """Return how many guests each audience has."""
    counts = counters.counts(event)
    confirmed, pending = counts["confirmed"], counts["pending"]
    return {
        Announcement.Audience.ALL: confirmed + pending,
        Announcement.Audience.CONFIRMED: confirmed,
        Announcement.Audience.PENDING: pending,
    }


@transaction.atomic
def send(
    event: Event, *, audience: str, subject: str, body: str, key: uuid.UUID, by: User
) -> Announcement:
    """Queue a message to the guests of an audience; it leaves after GRACE.

    The same form sent twice is one message: for a `key` that was used at this event, with the same
    text to the same audience, what was sent with it is returned.
    Refused: key_used, nobody_to_write_to, already_sent, too_many_announcements.
    """
    event = event_services.lock(event.pk)
    words = {"audience": audience, "subject": subject, "body": body, "key": key}
    if again := event.announcements.filter(withdrawn_at=None, **words).first():
        return again
    check_key_is_new(event, key)
    check_not_sent(event, audience, subject, body)
    check_pace(event)
    recipients = list(audience_of(event, audience).select_related("person"))
    if not recipients:
        raise Refused(
            "nobody_to_write_to",
            _("There is nobody to write to yet. Choose other guests."),
            field="audience",
        )
    number, leaves_at = len(recipients), timezone.now() + GRACE
    sent = Announcement.objects.create(
        event=event, by=by, recipients=number, leaves_at=leaves_at, **words
    )
    audit.record("announcement.send", sent, by=by, event=event.pk, recipients=number)
    mail.queue_many(
        mails.announcement,
        recipients,
        delay=int(GRACE.total_seconds()),
        args=lambda r: {"announcement": sent.pk, "reservation": r.pk},
    )
    return sent


def check_key_is_new(event: Event, key: uuid.UUID) -> None:
    """Refused: key_used, where a message with this key was taken back, or says something else."""
    earlier = event.announcements.filter(key=key).first()
    if earlier and earlier.is_withdrawn:
        words = _(
            "Not sent: this form was sent before, and that message was taken back. Preview it and "
            "send it once more."
        )
        raise Refused("key_used", words)
    if earlier:
        words = _(
            "Not sent: with this form you sent another message at %(time)s, see the list. If your "
            "guests are to get this one too, preview it and send it once more."
        )
        raise Refused("key_used", words % {"time": clock(event, earlier.created)})


def check_not_sent(event: Event, audience: str, subject: str, body: str) -> None:
    """Refused: already_sent, where the same text was sent to the same audience within the hour.

    That is a mistake: a form that was filled in again, or opened twice.
    """
    sent = of_this_hour(event).filter(withdrawn_at=None)
    same = sent.filter(audience=audience, subject=subject, body=body).first()
    if same:
        words = _("You sent this message to these guests at %(time)s. Change it to send another.")
        raise Refused("already_sent", words % {"time": clock(event, same.created)})


def check_pace(event: Event) -> None:
    """Refused: too_many_announcements.

    Of the messages of an hour, `MOST_AN_HOUR` may be sent for good, and `MOST_TRIES_AN_HOUR` with
    those that were taken back.
    """
    tries = list(of_this_hour(event).values_list("created", "withdrawn_at")[:MOST_TRIES_AN_HOUR])
    kept = [created for created, withdrawn_at in tries if withdrawn_at is None]
    sent = [created for created, _withdrawn_at in tries]
    blocking = kept[MOST_AN_HOUR - 1 :][:1] + sent[MOST_TRIES_AN_HOUR - 1 :]
    if blocking:
        again = max(blocking) + HOUR
        words = _(
            "You have sent as many messages as one hour allows. You can send the next message at "
            "%(time)s."
        )
        wait = max(1, math.ceil((again - timezone.now()).total_seconds()))
        raise Refused("too_many_announcements", words % {"time": clock(event, again)}, wait=wait)


def of_this_hour(event: Event) -> QuerySet[Announcement]:
    """The messages of the last hour, the newest first, with those that were taken back."""
    return event.announcements.filter(created__gt=timezone.now() - HOUR)


def clock(event: Event, moment: datetime) -> str:
    """Return the time in the event's time zone: `15:10`."""
    return f"{moment.astimezone(event.zone):%H:%M}"


@transaction.atomic
def withdraw(announcement: Announcement, *, by: User) -> None:
    """Take a message back before it leaves: no guest gets it. Refused: already_left."""
    now = timezone.now()
    unsent = Announcement.objects.filter(pk=announcement.pk, withdrawn_at=None, leaves_at__gt=now)
    if not unsent.update(withdrawn_at=now):
        raise Refused("already_left", _("The mails have left already."))
    audit.record("announcement.withdraw", announcement, by=by)
