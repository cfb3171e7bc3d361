"""What a guest does with a reservation: reserve, and cancel."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from eventflow import mail
from eventflow.core import audit
from eventflow.core.errors import Refused
from eventflow.observability.metrics import DECISION_SECONDS
from events import services as event_services
from events.models import Event, EventQuerySet
from tickets import mails
from tickets.messages import organizer_news
from tickets.models import Reservation
from tickets.queue.checks import check_first_reservation, check_open, check_unused
from tickets.queue.counters import count, save_counters
from tickets.queue.promotion import promote
from tickets.queue.transitions import change_status, issue_tickets, lock_reservation

Status = Reservation.Status


@DECISION_SECONDS.labels("reserve").time()
@transaction.atomic
def reserve(
    event_id: int, *, person: User, key: str = "", among: EventQuerySet | None = None
) -> Reservation:
    """Take a seat or a position in the queue.

    Automatic admission confirms at once while there is a seat and nobody waits; otherwise the
    reservation is pending. It comes with its `event` as counted now, and with its `position`.
    `key`: what a form carries so that it reserves once; the same key returns the same reservation,
    whatever became of it since. `among`: the events that the person may see; Event.DoesNotExist
    for any other.
    Refused: event_not_open, event_started, already_registered, reservation_rejected.
    """
    event = event_services.lock(event_id, among)
    if key and (again := event.reservations.filter(person=person, key=key).first()):
        return again
    check_open(event)
    check_first_reservation(event, person)
    was_full = event.is_full
    seated = event.is_automatic and not event.is_full and not event.pending_count
    reservation = (
        create_confirmed(event, person, key) if seated else create_pending(event, person, key)
    )
    if not seated and promote(event):
        reservation.refresh_from_db()
    note_new(event, reservation, filled=event.is_full and not was_full)
    if reservation.is_pending:
        mail.queue(mails.queued, to=person, args={"reservation": reservation.pk})
    save_counters(event)
    reservation.event = event
    reservation.position = event.pending_count if reservation.is_pending else None
    return reservation


def create_confirmed(event: Event, person: User, key: str) -> Reservation:
    """Create a confirmed reservation with its ticket: there is a seat, and nobody waits for it."""
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


def create_pending(event: Event, person: User, key: str) -> Reservation:
    """Create a reservation at the end of the queue."""
    reservation = Reservation.objects.create(person=person, event=event, key=key)
    count(event, Status.PENDING, +1)
    audit.record("reservation.reserve", reservation, by=person)
    return reservation


@DECISION_SECONDS.labels("cancel").time()
@transaction.atomic
def cancel(reservation: Reservation, *, by: User) -> Reservation:
    """Cancel a reservation; in an automatic event the seat goes to the head of the queue at once.

    Refused: already_gone, event_over, already_checked_in.
    """
    event, reservation = lock_reservation(reservation)
    if not reservation.can_move_to(Status.CANCELLED):
        raise Refused("already_gone", _("This reservation is no longer active."))
    if event.is_past:
        raise Refused(
            "event_over", _("This event is over, so a reservation can no longer be cancelled.")
        )
    check_unused(reservation)
    had_seat = reservation.is_confirmed
    change_status(event, [reservation], Status.CANCELLED)
    audit.record("reservation.cancel", reservation, by=by)
    mail.queue(mails.cancelled, to=reservation.person, args={"reservation": reservation.pk})
    if not promote(event) and had_seat:
        organizer_news.note(event, freed=1)
    save_counters(event)
    return reservation


def note_new(event: Event, reservation: Reservation, *, filled: bool) -> None:
    """Note for the organizer's mail that a guest reserved. The caller holds the lock.

    `filled`: the reservation took the last seat.
    """
    if reservation.person_id != event.organizer_id:
        first = reservation.is_pending and event.reservation_count == 1 and not event.is_automatic
        organizer_news.note(event, requests=1, full=filled, urgent=first or filled)
