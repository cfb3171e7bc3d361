"""The life of an event: create, edit, publish, cancel."""

from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from eventflow.core import audit
from eventflow.core.errors import Refused
from events import signals
from events.live import notifications
from events.models import Event, EventQuerySet

# What a calendar shows of an event; and of that, what guests get a mail about when it changes.
CALENDAR_FIELDS = {"title", "description", "location", "start_time", "end_time"}
MOVE_FIELDS = {"location", "start_time", "end_time"}


def lock(event_id: int, among: EventQuerySet | None = None) -> Event:
    """The event's row, locked until the transaction ends.

    Every change of a reservation or a seat takes this one lock first: so the counts cannot change
    meanwhile, and no two transactions wait for each other. Raises Event.DoesNotExist for an event
    that is not in `among`, the events that the caller may see (None: all).
    """
    events = Event.objects.all() if among is None else among
    return events.select_for_update(no_key=True, of=("self",)).get(pk=event_id)


@transaction.atomic
def create(*, by: User, **fields: Any) -> Event:
    """A new draft with `by` as its organizer. The caller's form has validated `fields`.

    Refused: bad_times.
    """
    event = Event(organizer=by, **in_utc(fields))
    check_times(event)
    event.save(force_insert=True)
    audit.record("event.create", event, by=by)
    return event


@transaction.atomic
def edit(
    event: Event, *, by: User, confirm_past: bool = False, confirm_move: bool = True, **fields: Any
) -> Event:
    """Change an event's fields. Added seats of an automatic event go to the head of its queue.

    `confirm_past`: a published event may be moved into the past, which is mostly a mistake.
    `confirm_move`: guests may get a mail about another time or place; so does `confirm_past`.
    Refused: seats_limit_below_confirmed, bad_times, event_in_past, event_cancelled, guests_to_tell.
    """
    fields = in_utc(fields)
    locked = lock(event.pk)
    if locked.is_cancelled:
        message = _("This event is cancelled. Duplicate it to offer it again.")
        raise Refused("event_cancelled", message)
    before = {name: getattr(locked, name) for name in {*fields, *MOVE_FIELDS}}
    for name, value in fields.items():
        setattr(locked, name, value)
    check_capacity(locked)
    check_times(locked)
    changed = {name for name in fields if before[name] != getattr(locked, name)}
    if not confirm_past:
        check_not_moved_into_past(locked, changed)
    if not confirm_move and not confirm_past:
        check_no_guests_to_mail(locked, changed)
    locked.sequence += bool(changed & CALENDAR_FIELDS)
    locked.save(update_fields=[*fields, "sequence"])
    audit.record("event.edit", locked, by=by, changed=sorted(changed))
    signals.event_edited.send(sender=Event, event=locked, by=by)
    if changed & MOVE_FIELDS and locked.is_published:
        moved_from = {name: before[name] for name in MOVE_FIELDS}
        signals.event_moved.send(sender=Event, event=locked, before=moved_from)
    notifications.notify(locked.pk)
    return locked


@transaction.atomic
def publish(event: Event, *, by: User) -> Event:
    """Open the event to the public. Publishing twice changes nothing.

    Refused: event_cancelled, event_over.
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
    """Change the event (None: create it) and publish it; or, when refused, neither.

    `confirm_past` and `confirm_move` as in `edit`: the event may be published already.
    Refused: as `edit` and `publish`.
    """
    if event is None:
        return publish(create(by=by, **fields), by=by)
    confirmed = {"confirm_past": confirm_past, "confirm_move": confirm_move}
    return publish(edit(event, by=by, **confirmed, **fields), by=by)


@transaction.atomic
def cancel(event: Event, *, by: User, message: str = "") -> Event:
    """Cancel the event: pending and confirmed guests get a mail, every ticket becomes void.

    A second time changes nothing.
    """
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


def in_utc(fields: dict[str, Any]) -> dict[str, Any]:
    """The same fields with their times in UTC.

    Python compares two times of one zone as its clock shows them, and the clock repeats an hour.
    """
    return {
        name: value.astimezone(UTC) if isinstance(value, datetime) else value
        for name, value in fields.items()
    }


def check_not_moved_into_past(event: Event, changed: set[str]) -> None:
    """Refused: event_in_past, where a new start or end of a published event is in the past."""
    passed = [
        name
        for name in ("start_time", "end_time")
        if name in changed and getattr(event, name) <= timezone.now()
    ]
    if event.is_published and passed:
        message = _(
            "This time is in the past, and everybody with a reservation would be told. "
            "If it is meant, confirm it."
        )
        raise Refused("event_in_past", message, field=passed[0])


def check_no_guests_to_mail(event: Event, changed: set[str]) -> None:
    """Refused: guests_to_tell, where guests would get a mail about another time or place."""
    if event.is_published and event.guest_count and changed & MOVE_FIELDS:
        words = ngettext(
            "Not saved yet: %(count)d guest will get a mail about the new time or place.",
            "Not saved yet: %(count)d guests will get a mail about the new time or place.",
            event.guest_count,
        )
        raise Refused("guests_to_tell", words % {"count": event.guest_count})


def check_capacity(event: Event) -> None:
    """Refused: seats_limit_below_confirmed."""
    if event.seats_limit < event.confirmed_count:
        raise Refused(
            "seats_limit_below_confirmed",
            _("%(count)d people already have a spot. Enter %(count)d or more.")
            % {"count": event.confirmed_count},
            field="seats_limit",
        )


def check_times(event: Event) -> None:
    """Refused: bad_times. The times are in UTC."""
    if event.end_time <= event.start_time:
        raise Refused("bad_times", _("The end must be after the start."), field="end_time")
