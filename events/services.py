"""The verbs of an event's life. The only writer of its status, its seats and its text."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from accounts.mail_limits import may_mail
from accounts.models import User
from eventflow import mail
from eventflow.core import audit
from eventflow.core.errors import Refused
from eventflow.core.text import email_key
from eventflow.core.text_direction import isolated
from events import mails, signals
from events.live import notifications
from events.models import DoorStaff, Event, EventQuerySet

# What a calendar shows of it; and of that, what guests must be told of when it changes.
IN_CALENDARS = {"title", "description", "location", "start_time", "end_time"}
MOVES_GUESTS = {"location", "start_time", "end_time"}
# What a duplicate takes over: what the event says, and nothing of what became of it.
COPIED = [
    "title",
    "description",
    "location",
    "contact_email",
    "time_zone",
    "seats_limit",
    "admission",
    "hue",
    "pattern",
]


def lock(event_id: int, among: EventQuerySet | None = None) -> Event:
    """The event's row, locked until the transaction ends. Whoever changes a reservation or a seat holds this one lock first.

    One lock, always the first: no seat is given on numbers that change under the giver, and no two can wait for each other.
    `among`: those that the caller may see; Event.DoesNotExist for any other.
    """
    events = Event.objects.all() if among is None else among
    return events.select_for_update(no_key=True, of=("self",)).get(pk=event_id)


@transaction.atomic
def create(*, by: User, **fields: Any) -> Event:
    """A new draft of `by`'s. `fields` are the model's, already validated by the caller's form or serializer."""
    event = Event(organizer=by, **in_utc(fields))
    check_times(event)
    event.save(force_insert=True)
    audit.record("event.create", event, by=by)
    return event


@transaction.atomic
def edit(
    event: Event, *, by: User, confirm_past: bool = False, confirm_move: bool = True, **fields: Any
) -> Event:
    """Change what the event says. Seats can go down only to those already given; added ones go to the queue's head.

    `confirm_past`: a published event may be moved into the past, which is a slip more often than not.
    `confirm_move`: guests may get a mail about another time or place; who confirmed the past knows that.
    Refused: seats_limit_below_confirmed, bad_times, event_in_past, event_cancelled, guests_to_tell.
    """
    fields = in_utc(fields)
    locked = lock(event.pk)
    if locked.is_cancelled:
        raise Refused(
            "event_cancelled", _("This event is cancelled. Duplicate it to offer it again.")
        )
    before = {name: getattr(locked, name) for name in fields}
    for name, value in fields.items():
        setattr(locked, name, value)
    if locked.seats_limit < locked.confirmed_count:
        raise Refused(
            "seats_limit_below_confirmed",
            _("%(count)d people already have a spot. Enter %(count)d or more.")
            % {"count": locked.confirmed_count},
            field="seats_limit",
        )
    check_times(locked)
    changed = {name for name in fields if before[name] != getattr(locked, name)}
    if not confirm_past:
        check_not_moved_into_past(locked, changed)
    if not confirm_move and not confirm_past:
        check_moves_nobody(locked, changed)
    locked.sequence += bool(changed & IN_CALENDARS)
    locked.save(update_fields=[*fields, "sequence"])
    audit.record("event.edit", locked, by=by, changed=sorted(changed))
    signals.event_edited.send(sender=Event, event=locked, by=by)
    if changed & MOVES_GUESTS and locked.is_published:
        before = {name: before.get(name, getattr(locked, name)) for name in MOVES_GUESTS}
        signals.event_moved.send(sender=Event, event=locked, before=before)
    notifications.notify(locked.pk)
    return locked


@transaction.atomic
def publish(event: Event, *, by: User) -> Event:
    """Open the event to the public. Publishing twice changes nothing.

    Refused: event_cancelled, event_started.
    """
    locked = lock(event.pk)
    if locked.is_published:
        return locked
    if Event.Status.PUBLISHED not in Event.MOVES[locked.status]:
        raise Refused("event_cancelled", _("This event is cancelled and can't be published again."))
    if locked.is_past:
        raise Refused(
            "event_over",
            _("This event would already be over. Move its dates into the future first."),
            field="end_time",
        )
    locked.status = Event.Status.PUBLISHED
    locked.published_at = timezone.now()
    locked.save(update_fields=["status", "published_at"])
    audit.record("event.publish", locked, by=by)
    notifications.notify(locked.pk)
    return locked


@transaction.atomic
def save_and_publish(
    event: Event | None,
    *,
    by: User,
    confirm_past: bool = False,
    confirm_move: bool = True,
    **fields: Any,
) -> Event:
    """Keep what the event says (None: a new one) and open it to the public, or neither.

    `confirm_past`, `confirm_move`: as in `edit`, for the event may be published already.
    Refused: as edit and publish.
    """
    if event is None:
        return publish(create(by=by, **fields), by=by)
    confirmed = {"confirm_past": confirm_past, "confirm_move": confirm_move}
    return publish(edit(event, by=by, **confirmed, **fields), by=by)


@transaction.atomic
def cancel(event: Event, *, by: User, message: str = "") -> Event:
    """Call the event off: everybody waiting or confirmed is told and every ticket stops working. Twice changes nothing."""
    locked = lock(event.pk)
    if locked.is_cancelled:
        return locked
    locked.status = Event.Status.CANCELLED
    locked.cancelled_at = timezone.now()
    locked.cancel_message = message.strip()
    locked.sequence += 1
    locked.save(update_fields=["status", "cancelled_at", "cancel_message", "sequence"])
    audit.record(
        "event.cancel",
        locked,
        by=by,
        confirmed=locked.confirmed_count,
        pending=locked.pending_count,
    )
    signals.event_cancelled.send(sender=Event, event=locked, by=by)
    notifications.notify(locked.pk)
    return locked


@transaction.atomic
def duplicate(event: Event, *, by: User) -> Event:
    """A new draft that says the same, as many weeks later as it takes to be in the future, at the same time of day."""
    weeks = timedelta(
        weeks=max(1, math.ceil((timezone.now() - event.start_time) / timedelta(weeks=1)))
    )
    copied = {field: getattr(event, field) for field in COPIED}
    start, end = (
        at_the_same_hour(moment, weeks, event.zone) for moment in (event.start_time, event.end_time)
    )
    # An hour that the clocks skip or repeat on the new day must not turn the two round.
    copy = Event(
        organizer=event.organizer,
        start_time=start,
        end_time=max(end, start + timedelta(minutes=1)),
        **copied,
    )
    copy.save(force_insert=True)
    audit.record("event.duplicate", copy, by=by, of=event.pk)
    return copy


def at_the_same_hour(moment: datetime, later: timedelta, zone: ZoneInfo) -> datetime:
    """So much later on the clock of the zone, across a change of the clocks too; in UTC."""
    return (
        (moment.astimezone(zone).replace(tzinfo=None) + later).replace(tzinfo=zone).astimezone(UTC)
    )


def in_utc(fields: dict[str, Any]) -> dict[str, Any]:
    """The same fields with their times in UTC. Python compares two times of one zone as its clock shows them, and that repeats an hour."""
    return {
        name: value.astimezone(UTC) if isinstance(value, datetime) else value
        for name, value in fields.items()
    }


@transaction.atomic
def add_door_staff(event: Event, *, email: str, by: User) -> DoorStaff:
    """Let whoever has this address check tickets in at this event, and write to them. Asking twice changes nothing.

    An address that nobody has signed up with yet is invited: the right is there as soon as they have proven it theirs.
    Refused: event_cancelled, event_over.
    """
    check_is_ahead(event)
    email = email_key(email)
    person = User.objects.filter(email=email, is_active=True).first()
    who = Q(email=email) | Q(person=person) if person else Q(email=email)
    staff = event.doorstaff_set.filter(who).first()
    if staff is None:
        staff = DoorStaff.objects.create(event=event, email=email, person=person, added_by=by)
        audit.record("door_staff.add", event, by=by, staff=staff.pk)
        tell_door_staff(staff)
    return staff


def tell_door_staff(staff: DoorStaff) -> None:
    language = staff.person.language if staff.person else get_language() or settings.LANGUAGE_CODE
    if may_mail(f"door:{staff.event_id}", staff.email):
        mail.queue_to_address(
            mails.door_staff, address=staff.email, language=language, args={"staff": staff.pk}
        )


@transaction.atomic
def remove_door_staff(staff: DoorStaff, *, by: User) -> None:
    """Take the right to check in away, at once; or the invitation back."""
    audit.record("door_staff.remove", staff.event, by=by, staff=staff.pk)
    if staff.person:
        signals.door_staff_removed.send(
            sender=DoorStaff, event=staff.event, person=staff.person, by=by
        )
    staff.delete()


def accept_door_staff(event: Event, person: User) -> None:
    """Somebody who was invited stands at the door: from now on the organizer sees who it is."""
    invited = event.doorstaff_set.filter(person=person, accepted=None)
    invited.update(accepted=timezone.now())


def welcome_door_staff(person: User) -> None:
    """Somebody has proven an address: give them what it was invited to. The caller's transaction."""
    invited = DoorStaff.objects.filter(email=person.email, person=None)
    invited.exclude(event__doorstaff__person=person).update(person=person, accepted=timezone.now())
    # They are there already, under another address.
    invited.delete()


def let_go(person: User) -> None:
    """Somebody deletes their account: nobody has seen their drafts, so these go too, and no door knows them any more. The caller's transaction.

    Refused: organizes_events, while people may be on their way to one of theirs.
    """
    drafts = (
        Event.objects.select_for_update(no_key=True)
        .filter(organizer=person, status=Event.Status.DRAFT)
        .order_by("pk")
    )
    # Read under the lock: a draft that is being published is published by now, or never will be.
    Event.objects.filter(pk__in=[draft.pk for draft in drafts]).delete()
    coming = Event.objects.published().upcoming().filter(organizer=person).first()
    if coming:
        raise Refused(
            "organizes_events",
            _("You organize “%(title)s”, which is not over. Cancel it first.")
            % {"title": isolated(coming.title)},
        )
    Event.objects.filter(organizer=person).exclude(contact_email="").update(contact_email="")
    DoorStaff.objects.filter(Q(person=person) | Q(email=person.email)).delete()


def check_not_moved_into_past(event: Event, changed: set[str]) -> None:
    """Refused: event_in_past, where a new start or end of a published event has passed already."""
    passed = [
        name
        for name in ("start_time", "end_time")
        if name in changed and getattr(event, name) <= timezone.now()
    ]
    if event.is_published and passed:
        words = _(
            "This time is in the past, and everybody with a reservation would be told. If it is meant, confirm it."
        )
        raise Refused("event_in_past", words, field=passed[0])


def check_is_ahead(event: Event) -> None:
    """Refused: event_cancelled, event_over. Nobody checks tickets in any more."""
    if event.is_cancelled:
        raise Refused("event_cancelled", _("This event is cancelled."))
    if event.is_past:
        raise Refused("event_over", _("This event is over."))


def check_moves_nobody(event: Event, changed: set[str]) -> None:
    """Refused: guests_to_tell, where guests of a published event would get a mail about another time or place."""
    if event.is_published and event.guest_count and changed & MOVES_GUESTS:
        words = ngettext(
            "Not saved yet: %(count)d guest will get a mail about the new time or place.",
            "Not saved yet: %(count)d guests will get a mail about the new time or place.",
            event.guest_count,
        )
        raise Refused("guests_to_tell", words % {"count": event.guest_count})


def check_times(event: Event) -> None:
    """Refused: bad_times. The times are in UTC."""
    if event.end_time <= event.start_time:
        raise Refused("bad_times", _("The end must be after the start."), field="end_time")
