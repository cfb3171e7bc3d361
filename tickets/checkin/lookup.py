"""From a code to the ticket behind it, or to the reason why it admits nobody."""

from django.db.models import F
from django.utils.translation import gettext as _

from accounts.models import User
from eventflow.core.errors import Refused
from eventflow.core.text_direction import isolated
from events.models import Event
from events.permissions import door_staff_events
from tickets.checkin import codes
from tickets.checkin.codes import Code
from tickets.models import Reservation, Ticket, TicketQuerySet
from tickets.ticket.signature import Claim


def find(
    event: Event, presented: str | Code, *, by: User | None, among: TicketQuerySet | None = None
) -> Ticket:
    """Return the valid ticket of this event behind a code or its text; used ones too.

    `by`: the person who is told for which other event a ticket is, if they may check in there.
    `among`: the tickets to search, for a caller who wants more columns with them.
    Refused: event_cancelled, not_a_ticket, forged_ticket, wrong_event, ticket_void.
    """
    if event.is_cancelled:
        raise event_cancelled()
    code = codes.parse(presented) if isinstance(presented, str) else presented
    tickets = with_guest(Ticket.objects.all() if among is None else among).filter(event=event)
    ticket: Ticket | None
    if code.claim:
        ticket = by_claim(event, tickets, code.claim, by=by)
    elif code.short:
        ticket = by_short_code(tickets, code.short)
    else:
        ticket = tickets.valid().filter(reservation=code.reservation_id).first()
    if ticket is None:
        raise Refused("not_a_ticket", _("No ticket of this event has this code."))
    ticket.event = event
    if ticket.is_void:
        raise Refused("ticket_void", void_reason(ticket))
    return ticket


def find_valid(event: Event, reservation_id: int, among: TicketQuerySet) -> Ticket:
    """The reservation's valid ticket, used or not. Refused: event_cancelled, not_confirmed."""
    valid = with_guest(among).valid()
    ticket = valid.filter(event=event, reservation=reservation_id).first()
    if ticket is None and event.is_cancelled:
        raise event_cancelled()
    if ticket is None:
        raise Refused("not_confirmed", _("This reservation is not confirmed."))
    ticket.event = event
    return ticket


def by_short_code(tickets: TicketQuerySet, code: str) -> Ticket | None:
    # The valid one first: two tickets of an event can have the same 40 bits.
    return tickets.filter(code=code).order_by(F("void_at").desc(nulls_first=True)).first()


def by_claim(event: Event, tickets: TicketQuerySet, claim: Claim, *, by: User | None) -> Ticket:
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
        code = codes.parse(text)
    except Refused:
        return None
    if code.claim:
        return event.tickets.filter(serial=code.claim.serial).first()
    if code.short:
        return event.tickets.filter(code=code.short).first()
    return event.tickets.valid().filter(reservation=code.reservation_id).first()


def with_guest(tickets: TicketQuerySet) -> TicketQuerySet:
    """Each with its guest and with who checked it in, in the same query."""
    return tickets.select_related("reservation__person", "checked_in_by")


def with_guest_and_event(tickets: TicketQuerySet) -> TicketQuerySet:
    """Each with everything that a check-in page shows of it, in the same query."""
    return with_guest(tickets).select_related("event")


def event_cancelled() -> Refused:
    return Refused("event_cancelled", _("This event is cancelled. No ticket lets anybody in."))
