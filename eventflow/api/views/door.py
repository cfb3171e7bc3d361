"""Check-in over the API, by a reservation's id or the text of a ticket's QR code."""

import re
from datetime import datetime

from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.response import Response

from eventflow.api.describe import describe
from eventflow.api.endpoint import Endpoint, PersonRequest, fetch, read_body, respond
from eventflow.api.examples import EVENT
from eventflow.api.idempotency import idempotent
from eventflow.api.pagination import Rows, read_list_query, respond_with_list
from eventflow.api.serializers import reservations as data
from eventflow.api.serializers.events import EventData
from events.permissions import door_staff_events
from tickets.checkin import admission, codes, devices, lookup, undo
from tickets.checkin.access import CheckInActor, door_reservations, door_tickets
from tickets.checkin.admission import Verdict
from tickets.models import Reservation, Ticket
from tickets.models.check_in import LATE_UPLOAD
from tickets.ticket import signature

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
    "created_at": "2026-11-24T08:30:00Z",
}


class DoorEvents(Endpoint):
    @describe(
        "List the events I check in at",
        operation="list_door_events",
        answer=EventData,
        rows="whole",
        example=EVENT,
    )
    def get(self, request: PersonRequest) -> Response:
        """Published events at whose door the caller may stand, soonest first, until a day after
        their end, as long as scans are taken.
        """
        read_list_query(request)
        recent = timezone.now() - LATE_UPLOAD
        found = door_staff_events(request.user).published().filter(end_time__gt=recent)
        in_order = found.select_related("organizer").order_by("start_time", "id")
        return respond_with_list(Rows(in_order, EventData), request)


class Inspect(Endpoint):
    @describe(
        "Who is this?",
        operation="inspect_reservation",
        answer=data.Inspection,
        example=GUEST,
        refusals=NOT_A_TICKET,
    )
    def get(self, request: PersonRequest, ref: str) -> Response:
        """For the event's organizer, its door staff and Admins. `ref` is a reservation's id or a QR
        code's text; nobody is let in.
        """
        reservation, ticket = find_presented(request, ref)
        reservation.checked_in_at = ticket.checked_in_at if ticket else None
        return respond(data.Inspection(reservation).data)


class CheckIn(Endpoint):
    @describe(
        "Check in",
        operation="check_in",
        request=data.Reading,
        sent={
            "nonce": "5f0c2a8e-91d4-4d1b-8a53-0c5d3f1b7e22",
            "scanned_at": "2026-12-24T17:48:12+01:00",
            "device": "Gate 2",
        },
        answer=data.CheckedIn,
        example={
            "reservation_id": 31,
            "checked_in": True,
            "detail": "Checked in.",
            "already_checked_in": False,
            "checked_in_at": "2026-12-24T16:48:12Z",
            "checked_in_by": "Gate 2, Kuba Drzewiecki",
        },
        refusals={
            "not_confirmed": "This reservation is not confirmed.",
            "impossible_time": (
                "The time of this scan can’t be right. Check the clock of this device."
            ),
            "nonce_taken": "Another device has sent a scan with this number. Scan the code again.",
            "too_many_conflicts": "The organizer has to settle this phone’s conflicts first.",
            **NOT_A_TICKET,
        },
    )
    @idempotent
    def post(self, request: PersonRequest, ref: str) -> Response:
        """Lets the guest in once. However often it is asked, the first time stays:
        `already_checked_in` says which time this is.

        A scanner that may have to send its reading again gives it a `nonce`: the same reading gets
        the same answer. One that was offline says when it was (`scanned_at`), and whether it had
        opened the door (`let_in`): two doors that let the same ticket in are shown to the
        organizer, with both times.
        """
        verdict = check_in(request, ref, **read_body(request, data.Reading))
        if verdict.reason or verdict.ticket is None:
            raise verdict.reason or Http404
        detail = _("Checked in.") if verdict.is_admitted else _("Already checked in.")
        facts = {
            "reservation_id": verdict.ticket.reservation_id,
            "checked_in": True,
            "detail": detail,
            "already_checked_in": not verdict.is_admitted,
            "checked_in_at": verdict.ticket.checked_in_at,
            "checked_in_by": verdict.ticket.admitted_by,
        }
        return respond(data.CheckedIn(facts).data, detail)


class UndoCheckIn(Endpoint):
    @describe(
        "Undo a check-in",
        operation="undo_check_in",
        answer=data.CheckInUndone,
        example={"reservation_id": 31, "checked_in": False, "checked_in_at": None},
        refusals={
            "not_checked_in": "This guest is not checked in.",
            "other_device": (
                "Another device let this guest in. Only that one or the organizer can undo it."
            ),
            "event_over": "This event is over.",
            **NOT_A_TICKET,
        },
    )
    @idempotent
    def post(self, request: PersonRequest, ref: str) -> Response:
        """The guest was let in by mistake: the ticket works again. For who checked it in, and for
        the event's organizer.
        """
        reservation, _ticket = find_presented(request, ref)
        ticket = undo.undo_check_in(reservation, actor=CheckInActor(request.user))
        facts = {
            "reservation_id": reservation.pk,
            "checked_in": ticket.is_used,
            "checked_in_at": ticket.checked_in_at,
        }
        return respond(data.CheckInUndone(facts).data)


def check_in(
    request: PersonRequest,
    ref: str,
    *,
    device: str = devices.API,
    nonce: str = "",
    scanned_at: datetime | None = None,
    let_in: bool = False,
) -> Verdict:
    """Check in what the caller may check in. Without a nonce the scan is of now and not stored."""
    event_id, presented = read_reference(request, ref, is_stored=bool(nonce))
    actor = CheckInActor(request.user, scanner=devices.scanner_name(event_id, device))
    if not nonce:
        return admission.check_in(event_id, presented, actor=actor)
    return admission.check_in(
        event_id, presented, actor=actor, at=scanned_at, nonce=nonce, admitted_offline=let_in
    )


def read_reference(
    request: PersonRequest, ref: str, *, is_stored: bool
) -> tuple[int, str | Ticket | Reservation]:
    """Return the event's id, and the ticket, reservation or code to check in there.

    A code where the reading is stored: `admission.check_in` finds the ticket under the event's
    lock. 404 for an event at which the caller may not check in.
    """
    pk = reservation_id_in(ref)
    if pk is None and is_stored:
        return fetch(door_staff_events(request.user), signature.read(ref).event_id).pk, ref
    # For an id the ticket alone is read; the guest and the event only for a refusal.
    tickets = door_tickets(request.user).select_related("checked_in_by")
    ticket = by_code(request, ref) if pk is None else tickets.filter(reservation=pk).first()
    if ticket is None:
        reservation = fetch(door_reservations(request.user), pk or 0)
        return reservation.event_id, reservation
    return ticket.event_id, ticket.code if is_stored else ticket


def find_presented(request: PersonRequest, ref: str) -> tuple[Reservation, Ticket | None]:
    """Return the reservation that the id or code is of, with its valid ticket if it has one.

    Refused: as lookup.find. 404 for a reservation that the caller may not check in.
    """
    tickets, pk = lookup.with_guest_and_event(door_tickets(request.user)), reservation_id_in(ref)
    ticket = by_code(request, ref) if pk is None else tickets.filter(reservation=pk).first()
    if ticket is None:
        return fetch(door_reservations(request.user), pk or 0), None
    ticket.reservation.event = ticket.event
    return ticket.reservation, ticket


def reservation_id_in(ref: str) -> int | None:
    """Return the id in `ref`, alone or in an older backend's ticket; None for a signed code."""
    return int(ref) if ID.fullmatch(ref) else codes.reservation_in_old_code(ref)


def by_code(request: PersonRequest, ref: str) -> Ticket:
    """Return the valid ticket of a QR code's text, of an event at which the caller may check in.

    Refused: as lookup.find.
    """
    event = fetch(door_staff_events(request.user), signature.read(ref).event_id)
    return lookup.find(event, ref, by=request.user)
