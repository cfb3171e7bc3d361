"""The queue: the only writer of a reservation's status, of the tickets' validity and of the event's counters.

Every verb locks the event first (`events.services.lock`), always that one lock, and decides on what it read under it.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from eventflow import mail
from eventflow.core import audit
from eventflow.core.errors import Refused
from eventflow.observability.metrics import DECISION_SECONDS
from events.live import notifications
from events.models import Event, EventQuerySet
from events.services import lock
from tickets import mails
from tickets.models import Reservation, Ticket
from tickets.services import news

Status = Reservation.Status
COUNTERS = [*(f"{status}_count" for status in Status), "checked_in_count"]


# --- The attendee -----------------------------------------------------------------------------------------------------


@DECISION_SECONDS.labels("reserve").time()
@transaction.atomic
def reserve(
    event: Event, *, person: User, key: str = "", among: EventQuerySet | None = None
) -> Reservation:
    """Take a seat or a place in the queue.

    Automatic admission confirms at once while there is a seat and nobody waits; otherwise the reservation is pending.
    `key`, made by a form for each time it is drawn: what was reserved with it is returned again, whatever became of it since.
    A new one brings its `position` along, which is known here: whoever has just come is the last of those who wait.
    `among`: the events that the caller may see, for one who has not looked yet; Event.DoesNotExist where this is none of them.
    Refused: event_not_open, event_started, already_registered, reservation_rejected.
    """
    event = lock(event.pk, among)
    if key and (again := event.reservations.filter(person=person, key=key).first()):
        return again
    check_open(event)
    check_first_reservation(event, person)
    was_full = event.is_full
    seated = event.is_automatic and not event.is_full and not event.pending_count
    reservation = first_come(event, person, key) if seated else last_in_queue(event, person, key)
    if not seated and promote(event):
        reservation.refresh_from_db()
    note_new(event, reservation, filled=event.is_full and not was_full)
    if reservation.is_pending:
        mail.queue(mails.queued, to=person, args={"reservation": reservation.pk})
    save_counters(event)
    reservation.position = event.pending_count if reservation.is_pending else None
    return reservation


def first_come(event: Event, person: User, key: str) -> Reservation:
    """A seat at once: nobody waits for it."""
    now = timezone.now()
    reservation = Reservation.objects.create(
        person=person, event=event, key=key, status=Status.CONFIRMED, created=now, decided_at=now
    )
    count(event, Status.CONFIRMED, +1)
    audit.record_many(
        [
            audit.entry("reservation.reserve", reservation, by=person),
            audit.entry("reservation.confirm", reservation),
        ]
    )
    issue_tickets([reservation], by=None)
    return reservation


def last_in_queue(event: Event, person: User, key: str) -> Reservation:
    reservation = Reservation.objects.create(person=person, event=event, key=key)
    count(event, Status.PENDING, +1)
    audit.record("reservation.reserve", reservation, by=person)
    return reservation


@DECISION_SECONDS.labels("cancel").time()
@transaction.atomic
def cancel(reservation: Reservation, *, by: User) -> Reservation:
    """Give the place back; in an automatic event the seat goes to the head of the queue at once.

    Refused: already_gone, event_over, already_checked_in.
    """
    event, reservation = locked(reservation)
    if not reservation.can_move_to(Status.CANCELLED):
        raise Refused("already_gone", _("This reservation is no longer active."))
    if event.is_past:
        raise Refused(
            "event_over", _("This event is over, so a reservation can no longer be cancelled.")
        )
    check_unused(reservation)
    had_seat = reservation.is_confirmed
    move(event, [reservation], Status.CANCELLED)
    audit.record("reservation.cancel", reservation, by=by)
    mail.queue(mails.cancelled, to=reservation.person, args={"reservation": reservation.pk})
    if not promote(event) and had_seat:
        news.note(event, freed=1)
    save_counters(event)
    return reservation


# --- The organizer ----------------------------------------------------------------------------------------------------


@DECISION_SECONDS.labels("confirm").time()
@transaction.atomic
def confirm(reservation: Reservation, *, by: User) -> Reservation:
    """Give the attendee a seat and a ticket.

    Refused: already_decided, event_full, event_not_open.
    """
    event, reservation = locked(reservation)
    check_decidable(event, reservation)
    if event.is_full:
        raise Refused(
            "event_full",
            _("All %(limit)d spots are taken. Raise the capacity, or take back a confirmed spot.")
            % {"limit": event.seats_limit},
        )
    give_seats(event, [reservation], by=by)
    note_full(event, by=by)
    save_counters(event)
    return reservation


@DECISION_SECONDS.labels("reject").time()
@transaction.atomic
def reject(reservation: Reservation, *, by: User, message: str = "", seen: str = "") -> Reservation:
    """Say no, or take a seat back. Refused: already_decided, already_checked_in, event_not_open.

    `seen`: the status that the caller was shown, if any; a reservation that has another by now is not touched.
    """
    event, reservation = locked(reservation)
    if seen and reservation.status != seen:
        raise already_decided()
    if not reservation.is_confirmed:
        check_decidable(event, reservation)
    check_unused(reservation)
    move(event, [reservation], Status.REJECTED, by=by, message=message.strip())
    audit.record("reservation.reject", reservation, by=by)
    tell_rejected([reservation])
    promote(event)
    save_counters(event)
    return reservation


def decide(reservation: Reservation, status: str, *, by: User) -> Reservation:
    """Confirm or reject somebody who waits, and nobody else: for callers who cannot see what was decided before.

    Refused: already_decided, event_full, event_not_open.
    """
    if status == Status.CONFIRMED:
        return confirm(reservation, by=by)
    _done, refusals = reject_many(reservation.event, [reservation.pk], by=by)
    for refusal in refusals.values():
        raise refusal
    return Reservation.objects.get(pk=reservation.pk)


@DECISION_SECONDS.labels("undo").time()
@transaction.atomic
def undo(reservation: Reservation, *, by: User, before_mail: bool = False) -> Reservation:
    """Take a person's decision back: the reservation is pending again, at its old place.

    Its mail, not yet sent, is not sent. A guest who has been told of a decision is told that they wait again.
    `before_mail`: only as long as the mail about the decision has not left.
    Refused: nothing_to_undo, already_mailed, already_checked_in, already_registered, event_not_open.
    """
    event, reservation = locked(reservation)
    again = reservation.is_rejected and live_reservation(event, reservation.person_id) is not None
    check_undoable(event, reservation, again=again, before_mail=before_mail)
    put_back(event, [reservation], by=by)
    promote(event)
    reservation.refresh_from_db()
    save_counters(event)
    return reservation


@transaction.atomic
def undo_many(
    event: Event, reservations: Iterable[int], *, by: User, before_mail: bool = False
) -> tuple[list[int], dict[int, Refused]]:
    """Take these decisions back, each as `undo` does. Returns the ids that wait again, and for each of the others why not."""
    event, done, refusals = lock(event.pk), [], {}
    found = list(
        event.reservations.filter(pk__in=set(reservations))
        .in_queue_order()
        .select_related("person")
        .with_entry()
    )
    rejected = [reservation.person_id for reservation in found if reservation.is_rejected]
    back = set(
        event.reservations.live().filter(person__in=rejected).values_list("person", flat=True)
    )
    for reservation in found:
        try:
            again = reservation.is_rejected and reservation.person_id in back
            check_undoable(event, reservation, again=again, before_mail=before_mail)
        except Refused as refusal:
            refusals[reservation.pk] = refusal
        else:
            done.append(reservation)
    put_back(event, done, by=by)
    promote(event)
    save_counters(event)
    return [reservation.pk for reservation in done], refusals


def put_back(event: Event, reservations: Sequence[Reservation], *, by: User) -> None:
    """Make these decided reservations pending again, and write to the guests who were told of a decision."""
    told = told_of_a_decision(reservations)
    move(event, reservations, Status.PENDING)
    audit.record_many(
        [audit.entry("reservation.undo", reservation, by=by) for reservation in reservations]
    )
    mail.queue_many(mails.waits_again, told, args=lambda r: {"reservation": r.pk})


def told_of_a_decision(reservations: Sequence[Reservation]) -> list[Reservation]:
    """Those whose guest has had a mail about a decision: about the last one, or earlier a ticket."""
    sent = Ticket.objects.void_after_mail().filter(reservation__in=[one.pk for one in reservations])
    had_ticket = set(sent.values_list("reservation", flat=True))
    return [one for one in reservations if one.decision_was_mailed or one.pk in had_ticket]


@DECISION_SECONDS.labels("confirm_many").time()
@transaction.atomic
def confirm_many(
    event: Event, reservations: Iterable[int], *, by: User
) -> tuple[list[int], dict[int, Refused]]:
    """Confirm these of the event's reservations, in queue order, as far as the seats reach.

    Returns the ids that were confirmed, and for each of the others why not.
    """
    event, found, refusals = for_bulk(event, reservations)
    done, too_many = confirm_as_far_as_seats_reach(event, found, by=by)
    return done, refusals | too_many


@DECISION_SECONDS.labels("confirm_many").time()
@transaction.atomic
def confirm_next(event: Event, number: int, *, by: User) -> tuple[list[int], dict[int, Refused]]:
    """Confirm the first `number` of the queue as it is now, as far as the seats reach.

    Returns the ids that were confirmed, and for each of the others why not. Refused: event_not_open.
    """
    event = lock(event.pk)
    check_published(event)
    head = event.reservations.pending().in_queue_order().select_related("person")
    return confirm_as_far_as_seats_reach(event, list(head[:number]), by=by)


def confirm_as_far_as_seats_reach(
    event: Event, reservations: Sequence[Reservation], *, by: User
) -> tuple[list[int], dict[int, Refused]]:
    """Confirm the first of these pending reservations, one for each free seat. The caller holds the lock."""
    chosen, others = reservations[: event.spots_left], reservations[event.spots_left :]
    give_seats(event, chosen, by=by)
    if chosen:
        note_full(event, by=by)
    save_counters(event)
    refusals = {reservation.pk: Refused("event_full", _("No spot left.")) for reservation in others}
    return [reservation.pk for reservation in chosen], refusals


@DECISION_SECONDS.labels("reject_many").time()
@transaction.atomic
def reject_many(
    event: Event,
    reservations: Iterable[int],
    *,
    by: User,
    message: str = "",
    seen: str = Status.PENDING,
) -> tuple[list[int], dict[int, Refused]]:
    """Reject those of these reservations that still have the status `seen`: pending, or confirmed to take their seats back.

    Returns the ids that were rejected, and for each of the others why not.
    """
    event, found, refusals = for_bulk(event, reservations, seen=seen)
    refusals |= {
        reservation.pk: already_checked_in() for reservation in found if reservation.inside
    }
    found = [reservation for reservation in found if not reservation.inside]
    move(event, found, Status.REJECTED, by=by, message=message.strip())
    audit.record_many(
        [audit.entry("reservation.reject", reservation, by=by) for reservation in found]
    )
    tell_rejected(found)
    promote(event)
    save_counters(event)
    return [reservation.pk for reservation in found], refusals


@transaction.atomic
def note(reservation: Reservation, text: str, *, by: User) -> None:
    """Keep what the organizers tell each other about this guest; an empty text takes it away. Changes nothing else, so it needs no lock."""
    Reservation.objects.filter(pk=reservation.pk).update(note=text.strip())
    audit.record("reservation.note", reservation, by=by)


# --- The queue follows the event --------------------------------------------------------------------------------------


def promote(event: Event) -> bool:
    """In an automatic event, give every free seat to the head of the queue. The caller holds the lock and saves the counters.

    Returns whether anybody moved up.
    """
    if (
        not event.is_automatic
        or not event.is_published
        or event.is_full
        or not event.pending_count
        or event.is_past
    ):
        return False
    head = event.reservations.pending().in_queue_order().select_related("person")
    give_seats(event, list(head[: event.spots_left]), by=None)
    return True


def reject_all(event: Event, *, by: User | None) -> None:
    """The event is cancelled: nobody keeps a place, and each keeps what it was. The caller holds the lock."""
    told = list(event.reservations.live().select_related("person"))
    groups = {
        status: [one.pk for one in told if one.status == status] for status in Reservation.LIVE
    }
    move(event, told, Status.REJECTED, by=by)
    for status, ids in groups.items():
        Reservation.objects.filter(pk__in=ids).update(status_at_cancellation=status)
    mail.queue_many(mails.event_cancelled, told, args=lambda r: {"reservation": r.pk})
    save_counters(event)


# --- What the verbs share ---------------------------------------------------------------------------------------------


def locked(reservation: Reservation) -> tuple[Event, Reservation]:
    """The event, locked, and the reservation as it stands under that lock, with `inside`."""
    event = lock(reservation.event_id)
    fresh = Reservation.objects.select_related("person").with_entry().get(pk=reservation.pk)
    fresh.event = event
    return event, fresh


def for_bulk(
    event: Event, reservations: Iterable[int], *, seen: str = Status.PENDING
) -> tuple[Event, list[Reservation], dict[int, Refused]]:
    """The event, locked; those of these reservations that have the status `seen`, in queue order and with `inside`; and why not the others."""
    event = lock(event.pk)
    check_published(event)
    wanted = set(reservations)
    found = list(
        event.reservations.filter(pk__in=wanted, status=seen)
        .in_queue_order()
        .select_related("person")
        .with_entry()
    )
    decided = wanted - {reservation.pk for reservation in found}
    return event, found, {pk: already_decided() for pk in sorted(decided)}


def give_seats(event: Event, reservations: Sequence[Reservation], *, by: User | None) -> None:
    """Confirm these pending reservations, issue their tickets and queue their mails. The seats must be there."""
    if not reservations:
        return
    move(event, reservations, Status.CONFIRMED, by=by)
    audit.record_many(
        [audit.entry("reservation.confirm", reservation, by=by) for reservation in reservations]
    )
    issue_tickets(reservations, by=by)


def note_new(event: Event, reservation: Reservation, *, filled: bool) -> None:
    """News for the organizer: somebody reserved, and perhaps took the last seat. The caller holds the lock."""
    if reservation.person_id != event.organizer_id:
        first = reservation.is_pending and event.all_count == 1 and not event.is_automatic
        news.note(event, requests=1, full=filled, urgent=first or filled)


def note_full(event: Event, *, by: User) -> None:
    """News for an organizer who did not give the last seat away. The caller holds the lock."""
    if event.is_full and by.pk != event.organizer_id:
        news.note(event, full=True, urgent=True)


def issue_tickets(reservations: Sequence[Reservation], *, by: User | None) -> None:
    """And send them, a decision of somebody's a little later, for it may be undone."""
    tickets = [Ticket.issue(reservation) for reservation in reservations]
    Ticket.objects.bulk_create(tickets)
    delay = settings.MAIL_DECISION_DELAY_SECONDS if by else 0
    serials = {ticket.reservation_id: ticket.serial for ticket in tickets}
    mail.queue_many(
        mails.confirmed,
        reservations,
        delay=delay,
        args=lambda r: {"reservation": r.pk, "serial": serials[r.pk]},
    )


def move(
    event: Event,
    reservations: Sequence[Reservation],
    status: str,
    *,
    by: User | None = None,
    message: str = "",
) -> None:
    """Move reservations that the table allows to move, void tickets that no longer hold, and count."""
    if not reservations:
        return
    assert all(reservation.can_move_to(status) for reservation in reservations)  # noqa: S101  a bug, not bad input
    decided_at = timezone.now() if status in {Status.CONFIRMED, Status.REJECTED} else None
    decided_by = by if decided_at else None
    leaving = [reservation.pk for reservation in reservations if reservation.is_confirmed]
    for reservation in reservations:
        count(event, reservation.status, -1)
        count(event, status, +1)
        reservation.status = status
        reservation.decided_at, reservation.decided_by, reservation.message = (
            decided_at,
            decided_by,
            message,
        )
    moved = Reservation.objects.filter(pk__in=[reservation.pk for reservation in reservations])
    moved.update(status=status, decided_at=decided_at, decided_by=decided_by, message=message)
    if leaving:
        valid = Ticket.objects.valid().filter(reservation__in=leaving)
        event.checked_in_count -= valid.exclude(checked_in_at=None).count()
        valid.change(void_at=timezone.now())


def count(event: Event, status: str, more: int) -> None:
    """One more, or one less, of this status. The caller holds the lock and saves the counters."""
    name = f"{status}_count"
    setattr(event, name, getattr(event, name) + more)


def save_counters(event: Event) -> None:
    event.save(update_fields=COUNTERS)
    notifications.hint(event.pk)


def tell_moved(event: Event, before: dict[str, Any]) -> None:
    """Write to everybody with a place. The delay leaves time to mend a slip; only the newest of several mails leaves.

    `before`: start, end and place until now. Guests who wait for a mail about an earlier change know what was before that.
    """
    told = list(event.reservations.live().select_related("person"))
    waiting = mail.waiting(mails.moved, event=event.pk)
    was = waiting["was"] if waiting else {name: in_json(value) for name, value in before.items()}
    facts = {"event": event.pk, "sequence": event.sequence, "was": was}
    delay = settings.MAIL_DECISION_DELAY_SECONDS
    mail.queue_many(mails.moved, told, delay=delay, args=lambda r: {"reservation": r.pk, **facts})


def in_json(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def tell_rejected(reservations: Sequence[Reservation]) -> None:
    delay = settings.MAIL_DECISION_DELAY_SECONDS
    mail.queue_many(
        mails.rejected,
        reservations,
        delay=delay,
        args=lambda r: {"reservation": r.pk, "decided": r.decided_at.isoformat()},
    )


def check_published(event: Event) -> None:
    if not event.is_published:
        raise Refused("event_not_open", _("This event is not open for reservations."))


def check_open(event: Event) -> None:
    check_published(event)
    if event.has_started:
        raise Refused(
            "event_started", _("This event has already started, so it takes no more reservations.")
        )


def check_first_reservation(event: Event, person: User) -> None:
    earlier = set(
        event.reservations.filter(person=person)
        .exclude(status=Status.CANCELLED)
        .values_list("status", flat=True)
    )
    if earlier & set(Reservation.LIVE):
        raise Refused("already_registered", _("You already have a reservation for this event."))
    if earlier:
        raise Refused(
            "reservation_rejected", _("The organizer could not offer you a spot at this event.")
        )


def check_decidable(event: Event, reservation: Reservation) -> None:
    check_published(event)
    if not reservation.is_pending:
        raise already_decided()


def check_undoable(
    event: Event, reservation: Reservation, *, again: bool, before_mail: bool
) -> None:
    """`again`: it was rejected, and its guest has reserved again. `before_mail`: as in `undo`."""
    if not reservation.can_move_to(Status.PENDING) or reservation.decided_by_id is None:
        raise Refused("nothing_to_undo", _("There is no decision to take back."))
    if not event.is_published:
        raise Refused("event_not_open", _("This event is not open."))
    check_unused(reservation)
    if again:
        raise Refused("already_registered", _("This person has reserved again since."))
    if before_mail and reservation.decision_was_mailed:
        words = _("The mail about it has left already. The list says what can still be done.")
        raise Refused("already_mailed", words)


def already_decided() -> Refused:
    return Refused("already_decided", _("Already decided, or withdrawn."))


def check_unused(reservation: Reservation) -> None:
    if reservation.inside:
        raise already_checked_in()


def already_checked_in() -> Refused:
    return Refused("already_checked_in", _("This ticket has already been used at the door."))


def live_reservation(event: Event, person_id: int) -> Reservation | None:
    """The person's place in the queue or seat, if they have one."""
    return event.reservations.live().filter(person_id=person_id).first()


# --- Reads that more than one door needs ------------------------------------------------------------------------------


def latest(event: Event, person: User) -> Reservation | None:
    """What to show this person about this event: their live reservation, else the newest one."""
    order = ["-created", "-id"]
    return (
        live_reservation(event, person.pk)
        or event.reservations.filter(person=person).order_by(*order).first()
    )


def position(reservation: Reservation, *, near_the_end: bool = False) -> int | None:
    """The place in the queue: 1 + the pending ones before it, by (created, id). None when it is not waiting.

    `near_the_end`: fewer stand after it than before it, so those are counted, and taken from all that the event counts.
    """
    if not reservation.is_pending:
        return None
    waiting = Reservation.objects.pending().filter(event_id=reservation.event_id)
    if not near_the_end:
        return 1 + waiting.before(reservation.created, reservation.pk).count()
    # In one statement, so that both numbers are of one moment.
    behind = (
        waiting.after(reservation.created, reservation.pk)
        .order_by()
        .values("event")
        .annotate(count=Count("pk"))
        .values("count")
    )
    place = F("pending_count") - Coalesce(Subquery(behind), 0)
    return Event.objects.filter(pk=reservation.event_id).values_list(place, flat=True).get()


def how_many(events: EventQuerySet, statuses: Iterable[str]) -> int:
    """How many reservations of these statuses the events have: the sum of what they counted."""
    totals = events.aggregate(**{status: Sum(f"{status}_count") for status in statuses})
    return sum(total or 0 for total in totals.values())


def how_many_of(event: Event, statuses: Iterable[str]) -> int:
    """How many reservations of these statuses one event has, as it counted them."""
    return sum(getattr(event, f"{status}_count") for status in statuses)


def approvable(event: Event) -> int:
    """How many who wait could be confirmed now: as many as there are seats for."""
    return min(event.spots_left, event.pending_count) if event.is_published else 0


def counts(event: Event) -> dict[str, int]:
    """How many reservations the event has, by status; a cancelled one by what they were before it was cancelled."""
    kept = {str(status): int(getattr(event, f"{status}_count")) for status in Status}
    if event.is_cancelled:
        rejected = event.reservations.filter(status=Status.REJECTED).order_by()
        for status, number in (
            rejected.exclude(status_at_cancellation="")
            .values_list("status_at_cancellation")
            .annotate(Count("pk"))
        ):
            kept[status] += number
            kept[Status.REJECTED] -= number
    return kept


def place(reservations: Sequence[Reservation], *, near_the_end: bool = False) -> None:
    """Bring each its `position`: neighbours in the order of one event's queue, as a page of it shows them. One query for the first who waits."""
    waiting = [reservation for reservation in reservations if reservation.is_pending]
    first = position(waiting[0], near_the_end=near_the_end) if waiting else None
    for reservation in reservations:
        reservation.position = None
    for number, reservation in enumerate(waiting, start=first or 1):
        reservation.position = number
