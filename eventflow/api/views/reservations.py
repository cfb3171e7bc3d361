"""Reservations: the attendee's, the organizer's, and the ticket."""

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from rest_framework.response import Response

from eventflow.api.endpoint import Call, Endpoint, answer, fetch, parsed
from eventflow.api.pagination import page_of
from eventflow.api.permissions import Organizer
from eventflow.api.schema import describe
from eventflow.api.serializers import reservations as data
from eventflow.errors import Refused
from events.models import Event
from events.permissions import managed_events, visible_events
from tickets import pdf, qr, signature
from tickets.permissions import managed_reservations, own_reservations, own_tickets
from tickets.services import queue

ROW = {
    "reservation_id": 31,
    "event_id": 2,
    "user_email": "maja@example.org",
    "status": "pending",
    "checked_in": False,
    "created_at": "2026-11-24T09:30:00+01:00",
    "event_title": "Night Print",
    "event_start_time": "2026-12-24T18:00:00+01:00",
}
PLACED = ROW | {"queue_position": 4, "location": "Ruska 46c, Wrocław"}
NOT_YOURS = {"forbidden": "You may not do this."}


# --- The attendee -----------------------------------------------------------------------------------------------------


class Reserve(Endpoint):
    @describe(
        "Reserve",
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
    def post(self, request: Call, pk: int) -> Response:
        """Takes a seat or a place in the queue. There is no body."""
        try:
            reservation = queue.reserve(Event(pk=pk), person=request.user, among=visible_events(request.user))
        except Event.DoesNotExist as unknown:
            raise Http404 from unknown
        place = {"reservation_id": reservation.pk, "status": reservation.status, "queue_position": reservation.position}
        return answer(place, _("Reserved. Your ticket is ready.") if reservation.is_confirmed else _("Reserved. You are in the queue."), status=201)


class MyReservations(Endpoint):
    @describe("List my reservations", answer=data.PlacedReservation, page=True, example=PLACED)
    def get(self, request: Call) -> Response:
        """All of them, newest first."""
        mine = own_reservations(request.user).select_related("event", "person").with_position().with_entry()
        return answer(page_of(mine.order_by("-created", "-id"), request, data.PlacedReservation))


class MyReservation(Endpoint):
    @describe(
        "Where do I stand with an event?",
        answer=data.Standing,
        example={"status": "pending", "full": False, "free_slots": 38, "max_participants": 50, "reservation_id": 31, "queue_position": 4},
    )
    def get(self, request: Call, pk: int) -> Response:
        """`status` is `NONE` for somebody who never reserved."""
        event = get_object_or_404(visible_events(request.user), pk=pk)
        standing = {"status": "NONE", "full": event.is_full, "free_slots": event.spots_left, "max_participants": event.seats_limit}
        reservation = queue.latest(event, request.user)
        if reservation:
            standing |= {"status": reservation.status, "reservation_id": reservation.pk, "queue_position": queue.position(reservation)}
        return answer(standing)


class OneReservation(Endpoint):
    @describe(
        "Cancel my reservation",
        answer=data.Cancelled,
        example={"reservation_id": 31},
        refusals={"already_checked_in": "This ticket has already been used at the door."},
    )
    def delete(self, request: Call, pk: int) -> Response:
        """Gives the seat or the place in the queue back. One that is not yours, or already gone, is not found."""
        try:
            queue.cancel(get_object_or_404(own_reservations(request.user), pk=pk), by=request.user)
        except Refused as refusal:
            if refusal.code == "already_gone":
                raise Http404 from refusal
            raise
        return answer({"reservation_id": pk}, _("Your reservation is cancelled."))


class Ticket(Endpoint):
    @describe(
        "Download my ticket",
        binary={"application/pdf": "The ticket, as a PDF.", "image/png": "Its QR code alone, for `Accept: image/png`."},
    )
    def get(self, request: Call, pk: int) -> HttpResponseBase:
        """A PDF, or the QR code alone for `Accept: image/png`. Not yours, or not confirmed: not found."""
        ticket = get_object_or_404(own_tickets(request.user).select_related("event__organizer", "reservation__person"), reservation__pk=pk)
        if request._request.get_preferred_type(["application/pdf", "image/png"]) == "image/png":
            return HttpResponse(qr.png(signature.sign(ticket)), content_type="image/png")
        headers = {"Content-Disposition": f'attachment; filename="{pdf.file_name(ticket)}"'}
        return HttpResponse(pdf.render(ticket), content_type="application/pdf", headers=headers)


# --- The organizer ----------------------------------------------------------------------------------------------------


class Participants(Endpoint):
    permission_classes = [Organizer]

    @describe("List an event's reservations", answer=data.PlacedReservation, page=True, example=PLACED, refusals=NOT_YOURS)
    def get(self, request: Call, pk: int) -> Response:
        """In the order of the queue."""
        event = fetch(managed_events(request.user), pk)
        reservations = event.reservations.select_related("event", "person").with_entry().in_queue_order()
        return answer(page_of(reservations, request, data.PlacedReservation, finish=queue.place, count=event.all_count))


class OrganizerReservations(Endpoint):
    permission_classes = [Organizer]

    @describe("List the reservations of my events", answer=data.ReservationData, page=True, query=data.ReservationQuery, example=ROW)
    def get(self, request: Call) -> Response:
        """Newest first."""
        query = parsed(data.ReservationQuery, request.query_params)
        events, found = managed_events(request.user), managed_reservations(request.user).with_entry().order_by("-created", "-id")
        if "event" in query:
            events, found = events.filter(pk=query["event"]), found.filter(event__pk=query["event"])
        if query.get("status"):
            found = found.filter(status=query["status"])
        if query.get("q"):
            return answer(page_of(found.matching(query["q"], "event__title"), request, data.ReservationData))
        return answer(page_of(found, request, data.ReservationData, count=queue.how_many(events, query.get("status", ""))))


class Decide(Endpoint):
    permission_classes = [Organizer]

    @describe(
        "Confirm or reject a reservation",
        request=data.Decision,
        sent={"status": "confirmed"},
        answer=data.Decided,
        example={"status": "confirmed"},
        refusals={
            "already_decided": "Already decided, or withdrawn.",
            "event_full": "All 50 spots are taken. Raise the capacity, or reject somebody first.",
            "event_not_open": "This event is not open for reservations.",
            **NOT_YOURS,
        },
    )
    def patch(self, request: Call, pk: int) -> Response:
        """Only what is pending can be decided. The mail about it leaves ten seconds later."""
        reservation = fetch(managed_reservations(request.user), pk)
        decided = queue.decide(reservation, parsed(data.Decision, request.data)["status"], by=request.user)
        return answer({"status": decided.status}, _("Confirmed.") if decided.is_confirmed else _("Rejected."))
