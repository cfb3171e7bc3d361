"""The checks before a write of the queue. Each raises `Refused` where the write is not allowed."""

from django.utils.translation import gettext as _

from accounts.models import User
from eventflow.core.errors import Refused
from events.models import Event
from tickets.models import Reservation

Status = Reservation.Status


def check_published(event: Event) -> None:
    """Refused: event_not_open."""
    if not event.is_published:
        raise Refused("event_not_open", _("This event is not open for reservations."))


def check_open(event: Event) -> None:
    """Check that the event takes reservations now. Refused: event_not_open, event_started."""
    check_published(event)
    if event.has_started:
        raise Refused(
            "event_started", _("This event has already started, so it takes no more reservations.")
        )


def check_first_reservation(event: Event, person: User) -> None:
    """Check that the person may reserve here: only cancelled reservations may come again.

    Refused: already_registered, reservation_rejected.
    """
    earlier = set(
        event.reservations.filter(person=person)
        .exclude(status=Status.CANCELLED)
        .values_list("status", flat=True)
    )
    if earlier & set(Reservation.ACTIVE):
        raise Refused("already_registered", _("You already have a reservation for this event."))
    if earlier:
        raise Refused(
            "reservation_rejected", _("The organizer could not offer you a spot at this event.")
        )


def check_decidable(event: Event, reservation: Reservation) -> None:
    """Check that the reservation waits for a decision. Refused: event_not_open, already_decided."""
    check_published(event)
    if not reservation.is_pending:
        raise already_decided()


def check_undoable(
    event: Event, reservation: Reservation, *, again: bool, before_mail: bool
) -> None:
    """Check that the decision about this reservation can be taken back.

    `again`: it was rejected, and its guest has reserved again. `before_mail`: as in `undo`.
    Refused: nothing_to_undo, event_not_open, already_checked_in, already_registered,
    already_mailed.
    """
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
    """Check that its ticket has not been used. It needs `inside`. Refused: already_checked_in."""
    if reservation.inside:
        raise already_checked_in()


def already_checked_in() -> Refused:
    return Refused("already_checked_in", _("This ticket has already been used at the door."))
