"""What an organizer decides about one reservation: confirm, reject, undo, note."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from eventflow.core import audit
from eventflow.core.errors import Refused
from eventflow.observability.metrics import DECISION_SECONDS
from tickets.models import Reservation
from tickets.queue.bulk_decisions import reject_many
from tickets.queue.checks import already_decided, check_decidable, check_undoable, check_unused
from tickets.queue.counters import save_counters
from tickets.queue.promotion import promote
from tickets.queue.reads import active_reservation
from tickets.queue.transitions import (
    change_status,
    give_seats,
    lock_reservation,
    note_full,
    queue_rejection_mails,
    return_to_pending,
)

Status = Reservation.Status


@DECISION_SECONDS.labels("confirm").time()
@transaction.atomic
def confirm(reservation: Reservation, *, by: User) -> Reservation:
    """Give the attendee a seat and a ticket.

    Refused: already_decided, event_full, event_not_open.
    """
    event, reservation = lock_reservation(reservation)
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
    """Reject a pending reservation, or take the seat of a confirmed one back.

    `seen`: the status that the caller was shown, if any; a reservation that has another by now is
    not changed. Refused: already_decided, already_checked_in, event_not_open.
    """
    event, reservation = lock_reservation(reservation)
    if seen and reservation.status != seen:
        raise already_decided()
    if not reservation.is_confirmed:
        check_decidable(event, reservation)
    check_unused(reservation)
    change_status(event, [reservation], Status.REJECTED, by=by, message=message.strip())
    audit.record("reservation.reject", reservation, by=by)
    queue_rejection_mails([reservation])
    promote(event)
    save_counters(event)
    return reservation


def decide(reservation: Reservation, status: str, *, by: User) -> Reservation:
    """Confirm or reject a pending reservation; one that is decided already is refused.

    For callers who cannot see what was decided before.
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
    """Take a person's decision back: the reservation is pending again, at its old position.

    The decision's mail, where it has not left yet, is not sent. A guest who has had a mail about a
    decision gets another one, which says that the reservation is pending again.
    `before_mail`: only as long as the mail about the decision has not left.
    Refused: nothing_to_undo, already_mailed, already_checked_in, already_registered,
    event_not_open.
    """
    event, reservation = lock_reservation(reservation)
    again = reservation.is_rejected and active_reservation(event, reservation.person_id) is not None
    check_undoable(event, reservation, again=again, before_mail=before_mail)
    return_to_pending(event, [reservation], by=by)
    promote(event)
    reservation.refresh_from_db()
    save_counters(event)
    return reservation


@transaction.atomic
def note(reservation: Reservation, text: str, *, by: User) -> None:
    """Save the organizers' note about this guest; an empty text deletes it.

    Changes nothing else, so it needs no lock.
    """
    Reservation.objects.filter(pk=reservation.pk).update(note=text.strip())
    audit.record("reservation.note", reservation, by=by)
