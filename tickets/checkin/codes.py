"""From the text of a code to the ticket behind it."""

import re

from django.conf import settings
from django.db.models import F
from django.utils.translation import gettext as _

from accounts.models import User
from eventflow.core.errors import Refused
from eventflow.core.text_direction import isolated
from events.models import Event
from events.permissions import door_staff_events
from tickets.models import Reservation, Ticket, TicketQuerySet
from tickets.ticket import signature

# What people write when they mean the digits of a short code (Crockford).
LOOK_ALIKES = str.maketrans("OIL", "011")
OLD_CODE = re.compile(r"(?i)reservation:([0-9]{1,18})\|event:.*")
SHORT_CODE = re.compile(r"[0-9A-HJKMNP-TV-Z]{8}")


def find(event: Event, text: str, *, by: User | None) -> Ticket:
    """The valid ticket of this event behind a QR code's text or a short code as somebody typed it; used ones too.

    Refused: event_cancelled, not_a_ticket, forged_ticket, wrong_event, ticket_void.
    """
    if event.is_cancelled:
        raise cancelled_refusal()
    short, older = short_code_in(text), reservation_in_old_code(text)
    if short:
        ticket = by_short_code(event, short)
    elif older:
        ticket = by_reservation(event, older)
    else:
        ticket = by_signed_code(event, signature.read(text), by=by)
    if ticket.is_void:
        raise Refused("ticket_void", void_reason(ticket))
    return ticket


def check_shape(text: str) -> None:
    """Whether this can be a code of ours at all, without a look at the event. Refused: not_a_ticket, forged_ticket."""
    if not short_code_in(text) and not reservation_in_old_code(text):
        signature.read(text)


def reservation_in_old_code(text: str) -> int | None:
    """The reservation that a ticket of an older backend names. Nobody signed it, so it counts only where the operator says so."""
    found = OLD_CODE.fullmatch(text.strip()) if settings.UNSIGNED_TICKETS else None
    return int(found[1]) if found else None


def short_code_in(text: str) -> str:
    """`7K4M-2QXD` from what was typed (`7k4m 2qxd`, `7K4M2QXD`), or nothing if that can't be one."""
    code = normalized(text)
    return f"{code[:4]}-{code[4:]}" if SHORT_CODE.fullmatch(code) else ""


def normalized(text: str) -> str:
    return re.sub(r"[\s-]", "", text).upper().translate(LOOK_ALIKES)


def by_short_code(event: Event, code: str) -> Ticket:
    # The valid one first: 40 bits may, once in a long while, come up twice.
    ticket = (
        with_guest_and_event(event.tickets.filter(code=code))
        .order_by(F("void_at").desc(nulls_first=True))
        .first()
    )
    if ticket is None:
        raise Refused("not_a_ticket", _("No ticket of this event has this code."))
    return ticket


def by_reservation(event: Event, reservation: int) -> Ticket:
    ticket = with_guest_and_event(event.tickets.valid().filter(reservation=reservation)).first()
    if ticket is None:
        raise Refused("not_a_ticket", _("No ticket of this event has this code."))
    return ticket


def by_signed_code(event: Event, claim: signature.Claim, *, by: User | None) -> Ticket:
    if claim.event_id != event.pk:
        raise Refused("wrong_event", wrong_event(claim.event_id, by=by))
    ticket = with_guest_and_event(
        Ticket.objects.filter(serial=claim.serial, reservation=claim.reservation_id, event=event)
    ).first()
    if ticket is None:
        raise Refused("ticket_void", _("This ticket no longer exists."))
    return ticket


def wrong_event(event_id: int, *, by: User | None) -> str:
    """Which event it is for is told only to those who stand at that door too."""
    other = door_staff_events(by).filter(pk=event_id).first() if by else None
    return (
        _("This ticket is for another event: %(title)s.") % {"title": isolated(other.title)}
        if other
        else _("This ticket is for another event.")
    )


def void_reason(ticket: Ticket) -> str:
    reasons = {
        Reservation.Status.CANCELLED: _("The guest cancelled this reservation."),
        Reservation.Status.REJECTED: _("The organizer took this spot back."),
        Reservation.Status.PENDING: _("This reservation is waiting for the organizer again."),
        Reservation.Status.CONFIRMED: _(
            "A newer ticket replaced this one. Ask the guest for it, or search by name."
        ),
    }
    return reasons[Reservation.Status(ticket.reservation.status)]


def with_guest_and_event(tickets: TicketQuerySet) -> TicketQuerySet:
    """With everything that a door shows, in the same query."""
    return tickets.select_related("event", "reservation__person", "checked_in_by")


def cancelled_refusal() -> Refused:
    return Refused("event_cancelled", _("This event is cancelled. No ticket lets anybody in."))
