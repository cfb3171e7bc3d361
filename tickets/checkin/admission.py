"""From a ticket to one admission, and back."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from eventflow.core import audit
from eventflow.core.errors import Refused
from events import services as event_services
from events.models import Event
from tickets.checkin.access import CheckInActor, may_undo
from tickets.checkin.codes import cancelled_refusal, with_guest_and_event
from tickets.models import Reservation, Ticket
from tickets.queue.counters import save_counters


@dataclass(frozen=True)
class Admission:
    """The ticket as it stands, and whether it was this call that let its holder in."""

    ticket: Ticket
    first: bool


def check_in(reservation: Reservation, *, by: User | None, device: str = "") -> Admission:
    """Let the guest in once. However often and from however many doors it is called, one call is the first.

    Refused: event_cancelled, not_confirmed.
    """
    ticket = valid_ticket(reservation)
    if ticket is None:
        event = Event.objects.get(pk=reservation.event_id)
        raise (
            cancelled_refusal()
            if event.is_cancelled
            else Refused("not_confirmed", _("This reservation is not confirmed."))
        )
    return let_in(ticket, by=by, device=device)


def let_in(
    ticket: Ticket, *, by: User | None, device: str = "", at: datetime | None = None
) -> Admission:
    """Let in who holds this ticket, which was valid when it was read. `at`: when that was, if not now. Refused: as check_in."""
    if ticket.is_used:  # at a busy door this answer needs no lock
        return Admission(ticket, first=False)
    return admit(ticket, by=by, device=device, at=at or timezone.now())


@transaction.atomic
def admit(ticket: Ticket, *, by: User | None, device: str, at: datetime) -> Admission:
    ticket.event = event = event_services.lock(ticket.event_id)
    if not mark(ticket, at, by=by, device=device):
        # Used, taken back or replaced since it was read. What the lock shows now, nobody changes under us.
        return check_in(ticket.reservation, by=by, device=device)
    event.checked_in_count += 1
    save_counters(event)
    audit.record(
        "check_in", Reservation(pk=ticket.reservation_id), by=by, ticket=ticket.pk, device=device
    )
    return Admission(ticket, first=True)


def mark(ticket: Ticket, at: datetime, *, by: User | None, device: str) -> bool:
    """The admission itself: one conditional UPDATE, which succeeds for one caller only. Whether it did."""
    admission = {"checked_in_at": at, "checked_in_by": by, "checked_in_device": device[:100]}
    if not Ticket.objects.valid().filter(pk=ticket.pk, checked_in_at=None).change(**admission):
        return False
    for field, value in admission.items():
        setattr(ticket, field, value)
    return True


@transaction.atomic
def undo_check_in(reservation: Reservation, *, actor: CheckInActor) -> Ticket:
    """Somebody was let in by mistake: their ticket works again. Refused: as used_ticket."""
    event = event_services.lock(reservation.event_id)
    ticket = used_ticket(reservation, actor=actor)
    Ticket.objects.filter(pk=ticket.pk).change(
        checked_in_at=None, checked_in_by=None, checked_in_device=""
    )
    event.checked_in_count -= 1
    save_counters(event)
    facts = {"ticket": ticket.pk, "was": str(ticket.checked_in_at), "device": actor.name}
    audit.record("check_in.undo", reservation, by=actor.person, **facts)
    return with_guest_and_event(Ticket.objects.all()).get(pk=ticket.pk)


def used_ticket(reservation: Reservation, *, actor: CheckInActor) -> Ticket:
    """The ticket whose check-in the actor may take back. Refused: event_over, not_checked_in, other_device."""
    ticket = valid_ticket(reservation)
    if ticket and ticket.event.is_past:
        raise Refused("event_over", _("This event is over."))
    if ticket is None or not ticket.is_used:
        raise Refused("not_checked_in", _("This guest is not checked in."))
    if not may_undo(actor, ticket):
        raise Refused(
            "other_device",
            _("Another device let this guest in. Only that one or the organizer can undo it."),
        )
    return ticket


def valid_ticket(reservation: Reservation) -> Ticket | None:
    return with_guest_and_event(Ticket.objects.valid()).filter(reservation=reservation.pk).first()
