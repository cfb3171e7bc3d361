"""Endpoints of events: the public list, and what organizers do with their events."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from eventflow.api.describe import describe
from eventflow.api.endpoint import Endpoint, PersonRequest, fetch, read_body, respond
from eventflow.api.examples import EVENT
from eventflow.api.idempotency import idempotent
from eventflow.api.pagination import Rows, page_of, read_list_query, read_query, respond_with_list
from eventflow.api.permissions import Organizer
from eventflow.api.serializers import events as data
from eventflow.api.serializers.users import IsOrganizer as OrganizerAnswer
from events import services
from events.models import Event, EventQuerySet
from events.permissions import managed_events, visible_events

SENT = {name: EVENT[name] for name in data.EventFields.Meta.fields}
DRAFT = EVENT | {
    "status": "draft",
    "confirmed_count": 0,
    "pending_count": 0,
    "checked_in_count": 0,
    "spots_left": 50,
}
NOT_YOURS = {"forbidden": "You may not do this."}
BAD_TIMES = {"bad_times": "The end must be after the start."}
CANCELLED = {"event_cancelled": "This event is cancelled."}
UNCHANGED = {
    "seats_limit_below_confirmed": "12 people already have a spot. Enter 12 or more.",
    **BAD_TIMES,
    "event_in_past": (
        "This time is in the past, and everybody with a reservation would be told. "
        "If it is meant, confirm it."
    ),
    **CANCELLED,
}


class Events(Endpoint):
    permission_classes = [AllowAny]

    @describe(
        "List published events",
        operation="list_events",
        answer=data.EventData,
        rows="pages",
        query=data.EventQuery,
        example=EVENT,
    )
    def get(self, request: Request) -> Response:
        """Those to come, soonest first; with `past=true` those that are over, newest first."""
        query = read_query(request, data.EventQuery)
        found = filter_events(Event.objects.published().select_related("organizer"), query)
        return respond(page_of(Rows(found, data.EventData), request))


def filter_events(events: EventQuerySet, query: dict[str, Any]) -> EventQuerySet:
    found = (
        events.past().order_by("-start_time", "-id")
        if query["past"]
        else events.upcoming().order_by("start_time", "id")
    )
    if query.get("q"):
        found = found.matching(query["q"])
    if query.get("location"):
        found = found.at(query["location"])
    if "organizer" in query:
        found = found.filter(organizer__pk=query["organizer"])
    if "start_time" in query:
        found = found.filter(start_time__range=query["start_time"])
    if "start_after" in query:
        found = found.filter(start_time__gte=query["start_after"][0])
    if "start_before" in query:
        found = found.filter(start_time__lte=query["start_before"][0])
    return found


class OneEvent(Endpoint):
    permission_classes = [AllowAny]

    @describe("Read an event", operation="get_event", answer=data.EventData, example=EVENT)
    def get(self, request: Request, pk: int) -> Response:
        """A draft is there for its organizer and Admins only."""
        event = get_object_or_404(visible_events(request.user).select_related("organizer"), pk=pk)
        return respond(data.EventData(event).data)


class Availability(Endpoint):
    permission_classes = [AllowAny]

    @describe(
        "How many spots are left?",
        operation="get_availability",
        answer=data.Availability,
        example={"id": 2, "seats_limit": 50, "confirmed_seats": 12, "spots_left": 38},
    )
    def get(self, request: Request, pk: int) -> Response:
        return respond(
            data.Availability(get_object_or_404(visible_events(request.user), pk=pk)).data
        )


class IsOrganizer(Endpoint):
    @describe(
        "May I create events?",
        operation="is_organizer",
        answer=OrganizerAnswer,
        example={"is_organizer": True},
    )
    def get(self, request: PersonRequest) -> Response:
        return respond({"is_organizer": request.user.is_organizer})


class CreateEvent(Endpoint):
    permission_classes = [Organizer]

    @describe(
        "Create an event",
        operation="create_event",
        request=data.EventFields,
        sent=SENT,
        answer=data.EventData,
        status=201,
        example=DRAFT,
        refusals=BAD_TIMES,
    )
    @idempotent
    def post(self, request: PersonRequest) -> Response:
        """A draft, which nobody else sees until it is published."""
        event = services.create(by=request.user, **read_body(request, data.EventFields))
        return respond(data.EventData(event).data, _("Created as a draft."), status=201)


class MyEvents(Endpoint):
    permission_classes = [Organizer]

    @describe(
        "List the events I manage",
        operation="list_my_events",
        answer=data.EventData,
        rows="whole",
        example=DRAFT,
    )
    def get(self, request: PersonRequest) -> Response:
        """Whatever their status, soonest first. Admins manage them all."""
        read_list_query(request)
        mine = managed_events(request.user).select_related("organizer").order_by("start_time", "id")
        return respond_with_list(Rows(mine, data.EventData), request)


class Metrics(Endpoint):
    permission_classes = [Organizer]

    @describe(
        "List the numbers of the events I manage",
        operation="list_metrics",
        answer=data.Metrics,
        rows="whole",
        example={"event_id": 2} | {k: EVENT[k] for k in data.Metrics.Meta.fields if k in EVENT},
    )
    def get(self, request: PersonRequest) -> Response:
        """Soonest first."""
        read_list_query(request)
        return respond_with_list(
            Rows(managed_events(request.user).order_by("start_time", "id"), data.Metrics), request
        )


class EditEvent(Endpoint):
    permission_classes = [Organizer]

    @describe(
        "Read an event I manage",
        operation="get_my_event",
        answer=data.EventData,
        example=EVENT,
        refusals=NOT_YOURS,
    )
    def get(self, request: PersonRequest, pk: int) -> Response:
        return respond(data.EventData(managed(request, pk)).data)

    @describe(
        "Change an event",
        operation="edit_event",
        request=data.EventChanges,
        sent={"seats_limit": 60},
        answer=data.EventData,
        example=EVENT,
        refusals=UNCHANGED,
    )
    @idempotent
    def patch(self, request: PersonRequest, pk: int) -> Response:
        """Only what is sent changes. Added seats of an automatic event go to the head of its queue
        at once.

        A new `time_zone` alone leaves the start and the end the moments that they are: send the
        times with it, if the event keeps its hours.
        """
        event = managed(request, pk)
        fields = read_body(request, data.EventChanges, instance=event, partial=True)
        return edited(event, fields, by=request.user)

    @describe(
        "Change an event, as older clients do",
        operation="replace_event",
        deprecated=True,
        request=data.EventFields,
        sent=SENT,
        answer=data.EventData,
        example=EVENT,
        refusals=UNCHANGED,
    )
    @idempotent
    def put(self, request: PersonRequest, pk: int) -> Response:
        """As PATCH, with every field that creating asks for."""
        event = managed(request, pk)
        return edited(event, read_body(request, data.EventFields, instance=event), by=request.user)


def edited(event: Event, fields: dict[str, Any], *, by: User) -> Response:
    return respond(data.EventData(services.edit(event, by=by, **fields)).data, _("Saved."))


class PublishEvent(Endpoint):
    permission_classes = [Organizer]

    @describe(
        "Publish an event",
        operation="publish_event",
        answer=data.EventData,
        example=EVENT,
        refusals={
            "event_over": "This event would already be over. Move its dates into the future first.",
            **CANCELLED,
        },
    )
    @idempotent
    def post(self, request: PersonRequest, pk: int) -> Response:
        """Opens it to the public. Again changes nothing."""
        event = services.publish(managed(request, pk), by=request.user)
        return respond(data.EventData(event).data, _("Published."))


class CancelEvent(Endpoint):
    permission_classes = [Organizer]

    @describe(
        "Cancel an event",
        operation="cancel_event",
        request=data.Cancellation,
        sent={"message": "The cellar is under water."},
        answer=data.EventData,
        example=EVENT | {"status": "cancelled"},
    )
    @idempotent
    def post(self, request: PersonRequest, pk: int) -> Response:
        """Everybody waiting or confirmed is told, and every ticket stops working. Again changes
        nothing.
        """
        event = managed(request, pk)
        message = read_body(request, data.Cancellation)["message"]
        event = services.cancel(event, by=request.user, message=message)
        return respond(data.EventData(event).data, _("Cancelled."))


def managed(request: PersonRequest, pk: int) -> Event:
    return fetch(managed_events(request.user).select_related("organizer"), pk)
