"""From the text of a code to the ticket behind it.

A code is the text of a ticket's QR code (`tickets.ticket.signature` has its format), the eight
characters of a short code as a person typed it, or, where the setting UNSIGNED_TICKETS allows
them, the text `Reservation:<id>|Event:…` of an older backend.
"""

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

# Letters that people type instead of the digits of a short code (Crockford's base 32).
LOOK_ALIKES = str.maketrans("OIL", "011")
OLD_CODE = re.compile(r"(?i)reservation:([0-9]{1,18})\|event:.*")
SHORT_CODE = re.compile(r"[0-9A-HJKMNP-TV-Z]{8}")


def find(
    event: Event, text: str, *, by: User | None, among: TicketQuerySet | None = None
) -> Ticket:
    """Return the valid ticket of this event behind the text of a code; used ones too.

    `by`: the person who is told for which other event a ticket is, if they may check in there.
    `among`: the tickets to search, for a caller who wants more columns with them.
    Refused: event_cancelled, not_a_ticket, forged_ticket, wrong_event, ticket_void.
    """
    if event.is_cancelled:
        raise event_cancelled()
    tickets = with_guest(Ticket.objects.all() if among is None else among).filter(event=event)
    short, old = short_code_in(text), reservation_in_old_code(text)
    if short:
        ticket = by_short_code(tickets, short)
    elif old:
        ticket = tickets.valid().filter(reservation=old).first()
    else:
        ticket = by_signed_code(event, tickets, signature.read(text), by=by)
    if ticket is None:
        raise Refused("not_a_ticket", _("No ticket of this event has this code."))
    ticket.event = event
    if ticket.is_void:
        raise Refused("ticket_void", void_reason(ticket))
    return ticket


def check_shape(text: str) -> None:
    """Check, without a look at the event, that this can be a code of ours at all.

    Refused: not_a_ticket, forged_ticket.
    """
    if not short_code_in(text) and not reservation_in_old_code(text):
        signature.read(text)


def reservation_in_old_code(text: str) -> int | None:
    """Return the reservation's id in a ticket of an older backend.

    Nobody signed such a text, so it counts only where the operator allows it.
    """
    found = OLD_CODE.fullmatch(text.strip()) if settings.UNSIGNED_TICKETS else None
    return int(found[1]) if found else None


def short_code_in(text: str) -> str:
    """`7K4M-2QXD` from what was typed (`7k4m 2qxd`, `7K4M2QXD`); empty if it can't be one."""
    code = normalized(text)
    return f"{code[:4]}-{code[4:]}" if SHORT_CODE.fullmatch(code) else ""


def normalized(text: str) -> str:
    """The text in upper case, without spaces and hyphens, with digits for look-alike letters."""
    return re.sub(r"[\s-]", "", text).upper().translate(LOOK_ALIKES)


def by_short_code(tickets: TicketQuerySet, code: str) -> Ticket | None:
    # The valid one first: two tickets of an event can have the same 40 bits.
    return tickets.filter(code=code).order_by(F("void_at").desc(nulls_first=True)).first()


def by_signed_code(
    event: Event, tickets: TicketQuerySet, claim: signature.Claim, *, by: User | None
) -> Ticket:
    if claim.event_id != event.pk:
        raise Refused("wrong_event", wrong_event(claim.event_id, by=by))
    ticket = tickets.filter(serial=claim.serial, reservation=claim.reservation_id).first()
    if ticket is None:
        raise Refused("ticket_void", _("This ticket no longer exists."))
    return ticket


def wrong_event(event_id: int, *, by: User | None) -> str:
    """Say that a ticket is for another event; its title only to people who may check in there."""
    other = door_staff_events(by).filter(pk=event_id).first() if by else None
    if other is None:
        return _("This ticket is for another event.")
    return _("This ticket is for another event: %(title)s.") % {"title": isolated(other.title)}


def void_reason(ticket: Ticket) -> str:
    """Why this void ticket no longer admits anybody, in the reader's language."""
    reasons = {
        Reservation.Status.CANCELLED: _("The guest cancelled this reservation."),
        Reservation.Status.REJECTED: _("The organizer took this spot back."),
        Reservation.Status.PENDING: _("This reservation is waiting for the organizer again."),
        Reservation.Status.CONFIRMED: _(
            "A newer ticket replaced this one. Ask the guest for it, or search by name."
        ),
    }
    return reasons[Reservation.Status(ticket.reservation.status)]


def find_any(event: Event, text: str) -> Ticket | None:
    """Return the event's ticket behind a code that was refused, void ones too; None if none is.

    For the organizer, who is shown whose ticket a device accepted without a connection.
    """
    try:
        if short := short_code_in(text):
            return event.tickets.filter(code=short).first()
        if old := reservation_in_old_code(text):
            return event.tickets.valid().filter(reservation=old).first()
        return event.tickets.filter(serial=signature.read(text).serial).first()
    except Refused:
        return None


def with_guest(tickets: TicketQuerySet) -> TicketQuerySet:
    """Each with its guest and with who checked it in, in the same query."""
    return tickets.select_related("reservation__person", "checked_in_by")


def with_guest_and_event(tickets: TicketQuerySet) -> TicketQuerySet:
    """Each with everything that a check-in page shows of it, in the same query."""
    return with_guest(tickets).select_related("event")


def event_cancelled() -> Refused:
    return Refused("event_cancelled", _("This event is cancelled. No ticket lets anybody in."))
