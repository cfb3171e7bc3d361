"""Serializers of reservations and check-in.

Their class names are names of the OpenAPI document, which generated clients use.
"""

from rest_framework import serializers

from eventflow.api.serializers.fields import ComposedText
from eventflow.api.serializers.times import EventTime, Instant
from tickets.models import Reservation

STANDINGS = ["NONE", "pending", "confirmed", "rejected"]
ALL = "all"
FILTERS = [*Reservation.Status.values, ALL]
DECISIONS = [Reservation.Status.CONFIRMED, Reservation.Status.REJECTED]


class Reserved(serializers.Serializer):
    reservation_id = serializers.IntegerField(source="id")
    status = serializers.ChoiceField(choices=Reservation.Status.choices)
    queue_position = serializers.IntegerField(
        source="position", allow_null=True, help_text="1 is next. Null when not waiting."
    )


class ReservationData(serializers.Serializer):
    """A reservation in a list."""

    reservation_id = serializers.IntegerField(source="id")
    event_id = serializers.IntegerField()
    user_email = serializers.EmailField(source="person.email")
    status = serializers.ChoiceField(choices=Reservation.Status.choices)
    checked_in = serializers.SerializerMethodField()
    created_at = Instant(source="created")
    event_title = serializers.CharField(source="event.title")
    event_start_time = EventTime(source="event.start_time")

    def get_checked_in(self, reservation: Reservation) -> bool:
        return reservation.checked_in_at is not None


class PlacedReservation(ReservationData):
    """A reservation of one's own, with its place in the queue."""

    queue_position = serializers.IntegerField(
        source="position", allow_null=True, help_text="1 is next. Null when not waiting."
    )
    location = serializers.CharField(source="event.location")


class GuestReservation(ReservationData):
    """A reservation as the organizer sees it, with the guest's name."""

    user_first_name = serializers.CharField(source="person.first_name")
    user_last_name = serializers.CharField(source="person.last_name")
    checked_in_at = Instant(allow_null=True, help_text="When the ticket was used at the door.")
    updated_at = Instant(
        source="updated",
        help_text="When the reservation changed last: decided, cancelled, noted, checked in.",
    )
    note = serializers.CharField(
        help_text="What the organizers tell each other about the guest, who never reads it."
    )


class Participant(GuestReservation):
    """A reservation in one event's queue."""

    queue_position = serializers.IntegerField(
        source="position", allow_null=True, help_text="1 is next. Null when not waiting."
    )
    location = serializers.CharField(source="event.location")


class Standing(serializers.Serializer):
    """Where somebody stands with an event."""

    status = serializers.ChoiceField(choices=STANDINGS)
    full = serializers.BooleanField()
    free_slots = serializers.IntegerField()
    max_participants = serializers.IntegerField()
    reservation_id = serializers.IntegerField(required=False)
    queue_position = serializers.IntegerField(required=False, allow_null=True)


class ParticipantQuery(serializers.Serializer):
    status = serializers.ChoiceField(
        choices=FILTERS,
        required=False,
        allow_blank=True,
        help_text="One status, or `all`. Without it, all but `cancelled`.",
    )
    checked_in = serializers.BooleanField(
        required=False, help_text="Whether the ticket was used at the door."
    )
    email = serializers.CharField(
        max_length=254, required=False, allow_blank=True, help_text="The guest's whole address."
    )
    q = serializers.CharField(
        max_length=200,
        required=False,
        allow_blank=True,
        help_text="Words in a guest's name or address or the event's title.",
    )


class ReservationQuery(ParticipantQuery):
    event = serializers.IntegerField(
        min_value=1, max_value=2**63 - 1, required=False, help_text="The id of one event."
    )


class MyReservationQuery(serializers.Serializer):
    status = serializers.ChoiceField(
        choices=FILTERS,
        required=False,
        allow_blank=True,
        help_text="One status, or `all`. Without it, all but `cancelled`.",
    )


class Decision(serializers.Serializer):
    status = serializers.ChoiceField(choices=DECISIONS)


class Decided(serializers.Serializer):
    status = serializers.ChoiceField(choices=Reservation.Status.choices)


class Cancelled(serializers.Serializer):
    reservation_id = serializers.IntegerField()


class Inspection(serializers.Serializer):
    """What door staff may know of a guest."""

    reservation_id = serializers.IntegerField(source="id")
    status = serializers.ChoiceField(choices=Reservation.Status.choices)
    checked_in = serializers.SerializerMethodField()
    checked_in_at = Instant(allow_null=True)
    user_email = serializers.EmailField(source="person.email")
    user_first_name = serializers.CharField(source="person.first_name")
    user_last_name = serializers.CharField(source="person.last_name")
    event_id = serializers.IntegerField()
    event_title = serializers.CharField(source="event.title")
    event_start_time = EventTime(source="event.start_time")
    created_at = Instant(source="created")

    def get_checked_in(self, reservation: Reservation) -> bool:
        return reservation.checked_in_at is not None


class Reading(serializers.Serializer):
    """What a scanner knows about its reading. Without a nonce, nothing of it is kept."""

    nonce = serializers.CharField(
        max_length=64,
        required=False,
        help_text="Drawn by the scanner for this reading: sent again, it is the same one.",
    )
    scanned_at = serializers.DateTimeField(
        required=False,
        help_text=(
            "On the scanner's clock, if it could not ask at once: "
            "from a day before the event to five minutes from now."
        ),
    )
    device = ComposedText(
        max_length=100, required=False, help_text="What the scanner or its gate is called."
    )
    let_in = serializers.BooleanField(
        required=False,
        help_text=(
            "The scanner had opened the door by itself. "
            "If the ticket was used or not valid, that is kept as a conflict."
        ),
    )


class CheckInUndone(serializers.Serializer):
    reservation_id = serializers.IntegerField()
    checked_in = serializers.BooleanField()
    checked_in_at = Instant(allow_null=True)


class CheckedIn(serializers.Serializer):
    reservation_id = serializers.IntegerField()
    checked_in = serializers.BooleanField()
    detail = serializers.CharField()
    already_checked_in = serializers.BooleanField()
    checked_in_at = Instant()
    checked_in_by = serializers.CharField(
        allow_blank=True, help_text="The gate or device, and the person, that let the guest in."
    )
