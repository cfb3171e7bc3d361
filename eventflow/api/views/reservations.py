"""Endpoints of reservations: the guest's own, the organizer's, and the ticket."""

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from rest_framework.response import Response

from eventflow.api.describe import describe
from eventflow.api.endpoint import Endpoint, PersonRequest, fetch, read_body, respond
from eventflow.api.examples import GUEST, PLACE, RESERVATION
from eventflow.api.idempotency import idempotent
from eventflow.api.pagination import Rows, read_list_query, respond_with_list
from eventflow.api.permissions import Organizer
from eventflow.api.reservation_filters import (
    counts_ahead,
    filter_by_status,
    filter_reservations,
    statuses_of,
)
from eventflow.api.serializers import reservations as data
from eventflow.core.errors import Refused
from events.models import Event
from events.permissions import managed_events, visible_events
from tickets.permissions import (
    managed_reservations,
    own_reservations,
    own_tickets,
    visible_reservations,
)
from tickets.queue import counters, decisions, reads, registration
from tickets.ticket import pdf, qr, signature

TICKET_KINDS = ["application/pdf", "image/png", "application/octet-stream"]
NOT_YOURS = {"forbidden": "You may not do this."}


# --- The guest ---


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
                pk, person=request.user, among=visible_events(request.user)
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
        example=RESERVATION | PLACE,
    )
    def get(self, request: PersonRequest) -> Response:
        """My own, newest first. Those that I cancelled are left out, unless `status` asks for
        them.
        """
        query = read_list_query(request, data.MyReservationQuery)
        mine = own_reservations(request.user).select_related("event", "person")
        mine = filter_by_status(mine, query)
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
        example=RESERVATION | PLACE,
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
        """Gives the seat or the place in the queue back. One that is not yours, or already gone, is
        not found.
        """
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
        """A PDF, or the QR code alone for `Accept: image/png`. Not yours, or not confirmed: not
        found.
        """
        ticket = get_object_or_404(
            own_tickets(request.user).select_related("event__organizer", "reservation__person"),
            reservation__pk=pk,
        )
        kind = request._request.get_preferred_type(TICKET_KINDS) or "application/pdf"
        if kind == "image/png":
            return HttpResponse(qr.png(signature.qr_text(ticket)), content_type="image/png")
        headers = {"Content-Disposition": f'attachment; filename="{pdf.file_name(ticket)}"'}
        return HttpResponse(pdf.render(ticket), content_type=kind, headers=headers)


# --- The organizer ---


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
        """In the order of the queue. Those that were cancelled are left out, unless `status` asks
        for them.
        """
        query = read_list_query(request, data.ParticipantQuery)
        event = fetch(managed_events(request.user), pk)
        found = event.reservations.select_related("event", "person").in_queue_order()
        count = finish = None
        if counts_ahead(query):
            count = counters.how_many_of(event, statuses_of(query))
            # Without gaps between the rows, all positions follow from the first one.
            finish = reads.assign_positions
        else:
            found = found.with_position()
        found = filter_reservations(found, query).with_check_in()
        return respond_with_list(Rows(found, data.Participant, finish, count), request)


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
        count = counters.how_many(events, statuses_of(query)) if counts_ahead(query) else None
        found = filter_reservations(found, query).with_check_in().order_by("-created", "-id")
        return respond_with_list(Rows(found, data.GuestReservation, count=count), request)


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
            "event_full": (
                "All 50 spots are taken. Raise the capacity, or take back a confirmed spot."
            ),
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
        message = _("Confirmed.") if decided.is_confirmed else _("Rejected.")
        return respond({"status": decided.status}, message)
