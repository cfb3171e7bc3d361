"""What an organizer writes to the guests of an event: to whom it goes, that it goes once, and that it can be taken back at first."""

import math
import uuid
from datetime import datetime, timedelta

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

# For so long it can be taken back.
GRACE = timedelta(seconds=60)
HOUR = timedelta(hours=1)
# More than an event needs, and too little for somebody who took an organizer's account over.
MOST_AN_HOUR = 6
# With those that were taken back: each may be put right twice. They fill the outbox too.
MOST_TRIES_AN_HOUR = 3 * MOST_AN_HOUR


def audience_of(event: Event, audience: str) -> ReservationQuerySet:
    """The reservations whose guests are meant: one mail each. Of a cancelled event, those that held a place."""
    meant = event.reservations.had_place() if event.is_cancelled else event.reservations.active()
    if audience == Announcement.Audience.ALL:
        return meant
    return (
        meant.filter(status_at_cancellation=audience)
        if event.is_cancelled
        else meant.filter(status=audience)
    )


def choices(event: Event) -> list[tuple[str, str]]:
    """To whom one can write, and what these guests are called: those of a cancelled event had a spot, or were waiting."""
    names = (
        Announcement.AFTER_CANCELLATION
        if event.is_cancelled
        else dict(Announcement.Audience.choices)
    )
    return [(str(value), str(name)) for value, name in names.items()]


def sizes(event: Event) -> dict[str, int]:
    """{audience: how many get it}."""
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
    """Queue the words to everybody who is meant; they leave after GRACE.

    The same form sent twice is one message: a `key` that was used at this event, with the same
    words to the same guests, gives what was sent with it.
    Refused: key_used, nobody_to_write_to, already_sent, too_many_announcements.
    """
    event = event_services.lock(event.pk)
    words = {"audience": audience, "subject": subject, "body": body, "key": key}
    if again := event.announcements.filter(withdrawn_at=None, **words).first():
        return again
    check_key_is_new(event, key)
    check_not_sent(event, audience, subject, body)
    check_pace(event)
    told = list(audience_of(event, audience).select_related("person"))
    if not told:
        raise Refused(
            "nobody_to_write_to",
            _("There is nobody to write to yet. Choose other guests."),
            field="audience",
        )
    said = Announcement.objects.create(
        event=event, by=by, recipients=len(told), leaves_at=timezone.now() + GRACE, **words
    )
    audit.record("announcement.send", said, by=by, event=event.pk, recipients=len(told))
    args = {"announcement": said.pk}
    mail.queue_many(
        mails.announcement,
        told,
        delay=int(GRACE.total_seconds()),
        args=lambda r: {**args, "reservation": r.pk},
    )
    return said


def check_key_is_new(event: Event, key: uuid.UUID) -> None:
    """Refused: key_used, where a message with this key was taken back, or says something else."""
    earlier = event.announcements.filter(key=key).first()
    if earlier and earlier.is_withdrawn:
        words = _(
            "Not sent: this form was sent before, and that message was taken back. Preview it and send it once more."
        )
        raise Refused("key_used", words)
    if earlier:
        words = _(
            "Not sent: with this form you sent another message at %(time)s, see the list. If your "
            "guests are to get this one too, preview it and send it once more."
        )
        raise Refused("key_used", words % {"time": clock(event, earlier.created)})


def check_not_sent(event: Event, audience: str, subject: str, body: str) -> None:
    """The same words to the same guests within the hour are a slip: a form that was filled in again, or opened twice."""
    sent = of_this_hour(event).filter(withdrawn_at=None)
    same = sent.filter(audience=audience, subject=subject, body=body).first()
    if same:
        words = _("You sent this message to these guests at %(time)s. Change it to send another.")
        raise Refused("already_sent", words % {"time": clock(event, same.created)})


def check_pace(event: Event) -> None:
    """Of the messages of an hour, `MOST_AN_HOUR` may be kept and `MOST_TRIES_AN_HOUR` sent at all."""
    tries = list(of_this_hour(event).values_list("created", "withdrawn_at")[:MOST_TRIES_AN_HOUR])
    kept = [created for created, withdrawn_at in tries if withdrawn_at is None]
    sent = [created for created, _withdrawn_at in tries]
    in_the_way = kept[MOST_AN_HOUR - 1 :][:1] + sent[MOST_TRIES_AN_HOUR - 1 :]
    if in_the_way:
        again = max(in_the_way) + HOUR
        words = _(
            "You have sent as many messages as one hour allows. You can send the next message at %(time)s."
        )
        wait = max(1, math.ceil((again - timezone.now()).total_seconds()))
        raise Refused("too_many_announcements", words % {"time": clock(event, again)}, wait=wait)


def of_this_hour(event: Event) -> QuerySet[Announcement]:
    """What was sent within an hour, also if it was taken back, the newest first."""
    return event.announcements.filter(created__gt=timezone.now() - HOUR)


def clock(event: Event, moment: datetime) -> str:
    """On the clock of the event: `15:10`."""
    return f"{moment.astimezone(event.zone):%H:%M}"


@transaction.atomic
def withdraw(announcement: Announcement, *, by: User) -> None:
    """Take it back before it leaves: nobody gets it. Refused: already_left."""
    now = timezone.now()
    if not Announcement.objects.filter(
        pk=announcement.pk, withdrawn_at=None, leaves_at__gt=now
    ).update(withdrawn_at=now):
        raise Refused("already_left", _("The mails have left already."))
    audit.record("announcement.withdraw", announcement, by=by)
