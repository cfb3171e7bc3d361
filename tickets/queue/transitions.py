"""The steps that all changes of a reservation share: its status, its tickets, its mails.

The only writer of a reservation's status and of a ticket's validity. Every caller has locked the
event first (`events.services.lock`), always that one lock, and decides on what it read under it.
"""

from collections.abc import Sequence

from django.conf import settings
from django.utils import timezone

from accounts.models import User
from eventflow import mail
from eventflow.core import audit
from events import services as event_services
from events.models import Event
from tickets import mails
from tickets.messages import organizer_news
from tickets.models import Reservation, Ticket
from tickets.queue.counters import count

Status = Reservation.Status


def return_to_pending(event: Event, reservations: Sequence[Reservation], *, by: User) -> None:
    """Make these decided reservations pending again.

    Guests who have had a mail about a decision get another one.
    """
    mailed = with_mailed_decision(reservations)
    change_status(event, reservations, Status.PENDING)
    audit.record_many(
        [audit.entry("reservation.undo", reservation, by=by) for reservation in reservations]
    )
    mail.queue_many(mails.waits_again, mailed, args=lambda r: {"reservation": r.pk})


def with_mailed_decision(reservations: Sequence[Reservation]) -> list[Reservation]:
    """Return those whose guest has had a mail: about the last decision, or earlier a ticket."""
    sent = Ticket.objects.void_after_mail().filter(reservation__in=[one.pk for one in reservations])
    had_ticket = set(sent.values_list("reservation", flat=True))
    return [one for one in reservations if one.decision_was_mailed or one.pk in had_ticket]


def lock_reservation(reservation: Reservation) -> tuple[Event, Reservation]:
    """The event, locked, and the reservation as it stands under that lock, with `inside`."""
    event = event_services.lock(reservation.event_id)
    fresh = Reservation.objects.select_related("person").with_entry().get(pk=reservation.pk)
    fresh.event = event
    return event, fresh


def give_seats(event: Event, reservations: Sequence[Reservation], *, by: User | None) -> None:
    """Confirm these pending reservations, issue their tickets and queue their mails.

    The caller has checked that there are as many free seats.
    """
    if not reservations:
        return
    change_status(event, reservations, Status.CONFIRMED, by=by)
    audit.record_many(
        [audit.entry("reservation.confirm", reservation, by=by) for reservation in reservations]
    )
    issue_tickets(reservations, by=by)


def note_full(event: Event, *, by: User) -> None:
    """Note for the organizer's mail that another person gave the last seat away.

    The caller holds the lock.
    """
    if event.is_full and by.pk != event.organizer_id:
        organizer_news.note(event, full=True, urgent=True)


def issue_tickets(reservations: Sequence[Reservation], *, by: User | None) -> None:
    """Issue the tickets and queue their mails.

    Those of a person's decision leave a little later, because it may be undone.
    """
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


def change_status(
    event: Event,
    reservations: Sequence[Reservation],
    status: str,
    *,
    by: User | None = None,
    message: str = "",
) -> None:
    """Write a new status, void the tickets of those that lose their seat, and count.

    The caller has checked that `Reservation.MOVES` allows it.
    """
    if not reservations:
        return
    # A move that is not allowed is a bug of the caller, not bad input.
    assert all(reservation.can_move_to(status) for reservation in reservations)  # noqa: S101
    decided_at = timezone.now() if status in {Status.CONFIRMED, Status.REJECTED} else None
    facts = {
        "status": status,
        "decided_at": decided_at,
        "decided_by": by if decided_at else None,
        "message": message,
    }
    leaving = [reservation.pk for reservation in reservations if reservation.is_confirmed]
    for reservation in reservations:
        count(event, reservation.status, -1)
        count(event, status, +1)
        for name, value in facts.items():
            setattr(reservation, name, value)
    moved = Reservation.objects.filter(pk__in=[reservation.pk for reservation in reservations])
    moved.update(**facts)
    if leaving:
        valid = Ticket.objects.valid().filter(reservation__in=leaving)
        event.checked_in_count -= valid.exclude(checked_in_at=None).count()
        valid.change(void_at=timezone.now())


def queue_rejection_mails(reservations: Sequence[Reservation]) -> None:
    """Queue the mails about these rejections. They leave later, because each may be undone."""
    delay = settings.MAIL_DECISION_DELAY_SECONDS
    mail.queue_many(
        mails.rejected,
        reservations,
        delay=delay,
        args=lambda r: {"reservation": r.pk, "decided": r.decided_at.isoformat()},
    )
