"""Reservations: the attendee's, the organizer's, and the ticket."""

from typing import Any

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from rest_framework.response import Response

from eventflow.api.describe import describe
from eventflow.api.endpoint import Endpoint, PersonRequest, fetch, read_body, respond
from eventflow.api.idempotency import idempotent
from eventflow.api.pagination import Rows, read_list_query, respond_with_list
from eventflow.api.permissions import Organizer
from eventflow.api.serializers import reservations as data
from eventflow.core.errors import Refused
from eventflow.core.text import email_key
from events.models import Event
from events.permissions import managed_events, visible_events
from tickets.models import Reservation, ReservationQuerySet
from tickets.permissions import (
    managed_reservations,
    own_reservations,
    own_tickets,
    visible_reservations,
)
from tickets.queue import counters, decisions, reads, registration
from tickets.ticket import pdf, qr, signature

ROW = {
    "reservation_id": 31,
    "event_id": 2,
    "user_email": "maja@example.org",
    "status": "pending",
    "checked_in": False,
    "created_at": "2026-11-24T08:30:00Z",
    "event_title": "Night Print",
    "event_start_time": "2026-12-24T18:00:00+01:00",
}
PLACE = {"queue_position": 4, "location": "Ruska 46c, Wrocław"}
GUEST = ROW | {
    "user_first_name": "Maja",
    "user_last_name": "Wiśniewska",
    "checked_in_at": None,
    "updated_at": "2026-11-24T08:30:00Z",
    "note": "Comes with a wheelchair.",
}
TICKET_KINDS = ["application/pdf", "image/png", "application/octet-stream"]
NOT_YOURS = {"forbidden": "You may not do this."}


# --- The attendee -----------------------------------------------------------------------------------------------------


class Reserve(Endpoint):
    @describe(
        "Reserve",
        operation="reserve",
        answer=data.Reserved,
        status=201,
        example={"reservation_id": 31, "status": "pending", "queue_position": 4},
        refusals={
            "event_not_open": "This event is not open for reservations.",
            "event_started": "This event has already started, so it takes no more reservations.",
            "already_registered": "You already have a reservation for this event.",
            "reservation_rejected": "The organizer could not offer you a spot at this event.",
        },
    )
    @idempotent
    def post(self, request: PersonRequest, pk: int) -> Response:
        """Takes a seat or a place in the queue. There is no body."""
        try:
            reservation = registration.reserve(
                Event(pk=pk), person=request.user, among=visible_events(request.user)
            )
        except Event.DoesNotExist as unknown:
            raise Http404 from unknown
        place = {
            "reservation_id": reservation.pk,
            "status": reservation.status,
            "queue_position": reservation.position,
        }
        return respond(
            place,
            _("Reserved. Your ticket is ready.")
            if reservation.is_confirmed
            else _("Reserved. You are in the queue."),
            status=201,
        )


class MyReservations(Endpoint):
    @describe(
        "List my reservations",
        operation="list_my_reservations",
        answer=data.PlacedReservation,
        rows="whole",
        query=data.MyReservationQuery,
        example=ROW | PLACE,
    )
    def get(self, request: PersonRequest) -> Response:
        """My own, newest first. Those that I cancelled are left out, unless `status` asks for them."""
        query = read_list_query(request, data.MyReservationQuery)
        mine = with_status(own_reservations(request.user).select_related("event", "person"), query)
        mine = mine.with_position().with_check_in().order_by("-created", "-id")
        return respond_with_list(Rows(mine, data.PlacedReservation), request)


class MyReservation(Endpoint):
    @describe(
        "Where do I stand with an event?",
        operation="get_my_reservation",
        answer=data.Standing,
        example={
            "status": "pending",
            "full": False,
            "free_slots": 38,
            "max_participants": 50,
            "reservation_id": 31,
            "queue_position": 4,
        },
    )
    def get(self, request: PersonRequest, pk: int) -> Response:
        """`status` is `NONE` for somebody who has no reservation, or cancelled it."""
        event = get_object_or_404(visible_events(request.user), pk=pk)
        standing = {
            "status": "NONE",
            "full": event.is_full,
            "free_slots": event.seats_left,
            "max_participants": event.seats_limit,
        }
        reservation = reads.latest(event, request.user)
        if reservation and not reservation.is_cancelled:
            standing |= {
                "status": reservation.status,
                "reservation_id": reservation.pk,
                "queue_position": reads.position(reservation),
            }
        return respond(standing)


class OneReservation(Endpoint):
    @describe(
        "Read a reservation",
        operation="get_reservation",
        answer=data.PlacedReservation,
        example=ROW | PLACE,
    )
    def get(self, request: PersonRequest, pk: int) -> Response:
        """For its owner, its event's organizer and door staff, and Admins; whatever its status."""
        visible = visible_reservations(request.user).with_position().with_check_in()
        return respond(data.PlacedReservation(get_object_or_404(visible, pk=pk)).data)

    @describe(
        "Cancel my reservation",
        operation="cancel_reservation",
        answer=data.Cancelled,
        example={"reservation_id": 31},
        refusals={
            "already_checked_in": "This ticket has already been used at the door.",
            "event_over": "This event is over, so a reservation can no longer be cancelled.",
        },
    )
    @idempotent
    def delete(self, request: PersonRequest, pk: int) -> Response:
        """Gives the seat or the place in the queue back. One that is not yours, or already gone, is not found."""
        try:
            registration.cancel(
                get_object_or_404(own_reservations(request.user), pk=pk), by=request.user
            )
        except Refused as refusal:
            if refusal.code == "already_gone":
                raise Http404 from refusal
            raise
        return respond({"reservation_id": pk}, _("Your reservation is cancelled."))


class Ticket(Endpoint):
    @describe(
        "Download my ticket",
        operation="download_ticket",
        binary={
            "application/pdf": "The ticket, as a PDF.",
            "image/png": "Its QR code alone, for `Accept: image/png`.",
            "application/octet-stream": "The PDF, for clients that know no other kind of file.",
        },
    )
    def get(self, request: PersonRequest, pk: int) -> HttpResponseBase:
        """A PDF, or the QR code alone for `Accept: image/png`. Not yours, or not confirmed: not found."""
        ticket = get_object_or_404(
            own_tickets(request.user).select_related("event__organizer", "reservation__person"),
            reservation__pk=pk,
        )
        kind = request._request.get_preferred_type(TICKET_KINDS) or "application/pdf"
        if kind == "image/png":
            return HttpResponse(qr.png(signature.qr_text(ticket)), content_type="image/png")
        headers = {"Content-Disposition": f'attachment; filename="{pdf.file_name(ticket)}"'}
        return HttpResponse(pdf.render(ticket), content_type=kind, headers=headers)


# --- The organizer ----------------------------------------------------------------------------------------------------


class Participants(Endpoint):
    permission_classes = [Organizer]

    @describe(
        "List an event's reservations",
        operation="list_participants",
        answer=data.Participant,
        rows="whole",
        query=data.ParticipantQuery,
        example=GUEST | PLACE,
        refusals=NOT_YOURS,
    )
    def get(self, request: PersonRequest, pk: int) -> Response:
        """In the order of the queue. Those that were cancelled are left out, unless `status` asks for them."""
        query = read_list_query(request, data.ParticipantQuery)
        event = fetch(managed_events(request.user), pk)
        found = event.reservations.select_related("event", "person").in_queue_order()
        count = None if narrowed(query) else counters.how_many_of(event, statuses(query))
        # Only of neighbours in the queue can the places be told from the first one's.
        finish = None if narrowed(query) else reads.assign_positions
        found = filtered(found.with_position() if finish is None else found, query)
        return respond_with_list(
            Rows(found.with_check_in(), data.Participant, finish, count), request
        )


class OrganizerReservations(Endpoint):
    permission_classes = [Organizer]

    @describe(
        "List the reservations of my events",
        operation="list_reservations",
        answer=data.GuestReservation,
        rows="whole",
        query=data.ReservationQuery,
        example=GUEST,
    )
    def get(self, request: PersonRequest) -> Response:
        """Newest first. Those that were cancelled are left out, unless `status` asks for them."""
        query = read_list_query(request, data.ReservationQuery)
        events, found = managed_events(request.user), managed_reservations(request.user)
        if "event" in query:
            events, found = events.filter(pk=query["event"]), found.filter(event__pk=query["event"])
        count = None if narrowed(query) else counters.how_many(events, statuses(query))
        found = filtered(found, query).with_check_in().order_by("-created", "-id")
        return respond_with_list(Rows(found, data.GuestReservation, count=count), request)


def statuses(query: dict[str, Any]) -> list[str]:
    """The statuses that a list shows: the one asked for, every one for `all`, and all but cancelled without a word."""
    asked = query.get("status")
    if asked in Reservation.Status.values:
        return [asked]
    return [
        one
        for one in Reservation.Status.values
        if asked == data.ALL or one != Reservation.Status.CANCELLED
    ]


def with_status(found: ReservationQuerySet, query: dict[str, Any]) -> ReservationQuerySet:
    wanted = statuses(query)
    if wanted == Reservation.Status.values:
        return found
    # Said as what is left out where that is shorter, which an index can leave out too.
    return (
        found.filter(status=wanted[0])
        if len(wanted) == 1
        else found.exclude(status=Reservation.Status.CANCELLED)
    )


def narrowed(query: dict[str, Any]) -> bool:
    """Whether a filter asks for what nobody counts ahead."""
    return "checked_in" in query or bool(query.get("email") or query.get("q"))


def filtered(found: ReservationQuerySet, query: dict[str, Any]) -> ReservationQuerySet:
    found = with_status(found, query)
    if "checked_in" in query:
        found = found.checked_in(query["checked_in"])
    if query.get("email"):
        found = found.filter(person__email=email_key(query["email"]))
    return found.matching(query["q"], "event__title_folded") if query.get("q") else found


class Decide(Endpoint):
    permission_classes = [Organizer]

    @describe(
        "Confirm or reject a reservation",
        operation="decide_reservation",
        request=data.Decision,
        sent={"status": "confirmed"},
        answer=data.Decided,
        example={"status": "confirmed"},
        refusals={
            "already_decided": "Already decided, or withdrawn.",
            "event_full": "All 50 spots are taken. Raise the capacity, or take back a confirmed spot.",
            "event_not_open": "This event is not open for reservations.",
            **NOT_YOURS,
        },
    )
    @idempotent
    def patch(self, request: PersonRequest, pk: int) -> Response:
        """Only what is pending can be decided. The mail about it leaves ten seconds later."""
        reservation = fetch(managed_reservations(request.user), pk)
        decided = decisions.decide(
            reservation, read_body(request, data.Decision)["status"], by=request.user
        )
        return respond(
            {"status": decided.status}, _("Confirmed.") if decided.is_confirmed else _("Rejected.")
        )
