"""The door: who is this, and let them in. By a reservation's id, or the text of a ticket's QR code."""

import re

from django.utils.translation import gettext as _
from rest_framework.response import Response

from eventflow.api.endpoint import Call, Endpoint, answer, fetch
from eventflow.api.schema import describe
from eventflow.api.serializers import reservations as data
from events.permissions import door_events
from tickets import signature
from tickets.models import Reservation, Ticket
from tickets.permissions import door_reservations, door_tickets
from tickets.services import door

ID = re.compile(r"[0-9]{1,18}")
NOT_A_TICKET = {
    "forbidden": "You may not do this.",
    "not_a_ticket": "This is not an EventFlow ticket.",
    "forged_ticket": "This code was not issued here. Ask for the original ticket.",
    "ticket_void": "The guest cancelled this reservation.",
    "event_cancelled": "This event is cancelled. No ticket lets anybody in.",
}
GUEST = {
    "reservation_id": 31,
    "status": "confirmed",
    "checked_in": False,
    "checked_in_at": None,
    "user_email": "maja@example.org",
    "user_first_name": "Maja",
    "user_last_name": "Wiśniewska",
    "event_id": 2,
    "event_title": "Night Print",
    "event_start_time": "2026-12-24T18:00:00+01:00",
    "created_at": "2026-11-24T09:30:00+01:00",
}


class Inspect(Endpoint):
    @describe("Who is this?", answer=data.Inspection, example=GUEST, refusals=NOT_A_TICKET)
    def get(self, request: Call, ref: str) -> Response:
        """For the event's organizer, its door staff and Admins. `ref` is a reservation's id or a QR code's text; nobody is let in."""
        reservation, ticket = presented(request, ref)
        reservation.checked_in_at = ticket.checked_in_at if ticket else None  # type: ignore[attr-defined]
        return answer(data.Inspection(reservation).data)


class CheckIn(Endpoint):
    @describe(
        "Check in",
        answer=data.CheckedIn,
        example={
            "reservation_id": 31,
            "checked_in": True,
            "detail": "Checked in.",
            "already_checked_in": False,
            "checked_in_at": "2026-12-24T17:48:12+01:00",
        },
        refusals={"not_confirmed": "This reservation is not confirmed.", **NOT_A_TICKET},
    )
    def post(self, request: Call, ref: str) -> Response:
        """Lets the guest in once. However often it is asked, the first time stays: `already_checked_in` says which time this is."""
        reservation, ticket = presented(request, ref)
        admission = door.let_in(ticket, by=request.user, device="API") if ticket else door.check_in(reservation, by=request.user, device="API")
        detail = _("Checked in.") if admission.first else _("Already checked in.")
        facts = {
            "reservation_id": admission.ticket.reservation_id,
            "checked_in": True,
            "detail": detail,
            "already_checked_in": not admission.first,
            "checked_in_at": admission.ticket.checked_in_at,
        }
        return answer(data.CheckedIn(facts).data, detail)


def presented(request: Call, ref: str) -> tuple[Reservation, Ticket | None]:
    """Whom a scanner's reading means, with their valid ticket if they have one. Neither an id nor a ticket: refused with the reason."""
    ticket: Ticket | None
    if not ID.fullmatch(ref):
        event = fetch(door_events(request.user), signature.read(ref).event_id)
        ticket = door.find(event, ref, by=request.user)
    else:
        ticket = door.whole(door_tickets(request.user)).filter(reservation=int(ref)).first()
    if ticket is None:
        return fetch(door_reservations(request.user), int(ref)), None
    ticket.reservation.event = ticket.event
    return ticket.reservation, ticket
