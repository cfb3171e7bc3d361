"""Serializers of events.

Their class names are names of the OpenAPI document, which generated clients use.
"""

import zoneinfo
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.forms.utils import from_current_timezone
from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from eventflow.api.serializers.fields import ComposedText
from eventflow.api.serializers.times import EventTime
from eventflow.core.fields import ComposedCharField, ComposedTextField
from eventflow.core.time_zones import zones
from events.forms.editor import clock_change_message
from events.models import FIRST_YEAR, LAST_YEAR, TIME_VALIDATORS, Event, validate_current_zone


class EventData(serializers.ModelSerializer):
    """An event, with how many hold or wait for its seats."""

    start_time = EventTime()
    end_time = EventTime()
    organizer = serializers.IntegerField(source="organizer_id", help_text="The organizer's id.")
    organizer_name = serializers.CharField(help_text="Empty for an organizer who gave no name.")
    contact_email = serializers.CharField(
        help_text="Where guests' answers to mails go; empty if nowhere."
    )
    spots_left = serializers.IntegerField(source="seats_left")
    url = serializers.SerializerMethodField(help_text="The event's page.")

    class Meta:
        model = Event
        fields = [
            "id", "title", "description", "location", "start_time", "end_time", "seats_limit",
            "organizer", "status", "organizer_name", "contact_email", "time_zone", "admission",
            "confirmed_count", "pending_count", "checked_in_count", "spots_left", "url",
        ]  # fmt: skip
        read_only_fields = fields

    def get_url(self, event: Event) -> str:
        return settings.SITE_URL + event.get_absolute_url()


class LocalDateTime(serializers.DateTimeField):
    """A moment, validated to UTC.

    Without an offset it is a time on the clock of the active zone, which in one night a year skips
    an hour and in another repeats one.
    """

    def enforce_timezone(self, value: datetime) -> datetime:
        try:
            moment = value if timezone.is_aware(value) else from_current_timezone(value)
            return moment.astimezone(UTC)
        except OverflowError:
            self.fail("overflow")
        except ValidationError as error:
            raise serializers.ValidationError(
                clock_change_message(value, timezone.get_current_timezone())
            ) from error


class EventFields(serializers.ModelSerializer):
    """What an organizer says of a new event."""

    serializer_field_mapping = serializers.ModelSerializer.serializer_field_mapping | {
        ComposedCharField: ComposedText,
        ComposedTextField: ComposedText,
    }
    start_time = LocalDateTime(validators=TIME_VALIDATORS)
    end_time = LocalDateTime(validators=TIME_VALIDATORS)

    class Meta:
        model = Event
        fields = [
            *("title", "description", "location", "contact_email"),
            *("start_time", "end_time", "seats_limit", "time_zone", "admission"),
        ]

    def to_internal_value(self, data: Any) -> Any:
        """A time without an offset is one on the clock of the event's zone."""
        with self.event_clock(data):
            return super().to_internal_value(data)

    def validate_time_zone(self, name: str) -> str:
        """A zone that the event has already stays, whatever it is called by now."""
        if not self.instance or name != self.instance.time_zone:
            validate_current_zone(name)
        return name

    def event_clock(self, data: Any) -> AbstractContextManager[None]:
        """The zone that is sent, else that of the event, else the site's."""
        zone = data.get("time_zone") if isinstance(data, Mapping) else None
        zone = zone or (self.instance.time_zone if self.instance else settings.TIME_ZONE)
        is_known = isinstance(zone, str) and zone in zones()
        return timezone.override(zoneinfo.ZoneInfo(zone)) if is_known else nullcontext()


class EventChanges(EventFields):
    """What an organizer changes of an event: only what is sent."""

    confirm_past = serializers.BooleanField(
        write_only=True,
        help_text=(
            "`true` moves a published event into the past, "
            "which is refused as `event_in_past` without it."
        ),
    )

    class Meta(EventFields.Meta):
        fields = [*EventFields.Meta.fields, "confirm_past"]

    def get_fields(self) -> dict[str, serializers.Field]:
        fields = super().get_fields()
        for field in fields.values():
            field.required = False
        return fields


class Availability(serializers.Serializer):
    id = serializers.IntegerField()
    seats_limit = serializers.IntegerField()
    confirmed_seats = serializers.IntegerField(source="confirmed_count")
    spots_left = serializers.IntegerField(source="seats_left")


class Metrics(serializers.ModelSerializer):
    """The numbers of an event."""

    start_time = EventTime()
    end_time = EventTime()
    event_id = serializers.IntegerField(source="id")
    spots_left = serializers.IntegerField(source="seats_left")

    class Meta:
        model = Event
        fields = [
            "id", "event_id", "title", "location", "status", "start_time", "end_time",
            "seats_limit", "confirmed_count", "pending_count", "checked_in_count", "spots_left",
        ]  # fmt: skip
        read_only_fields = fields


class Cancellation(serializers.Serializer):
    message = ComposedText(
        max_length=2000,
        required=False,
        allow_blank=True,
        default="",
        help_text="Mailed to the guests and shown on the page.",
    )


@extend_schema_field({"type": "string"})
class Moment(serializers.DateTimeField):
    """A moment in ISO 8601, or a whole day as `2026-12-24` on the site's clock.

    Validated to (first, last): the day's bounds, or the moment twice.
    """

    def to_internal_value(self, value: Any) -> Any:
        moment = self.midnight(value)
        if moment is not None:
            return moment, moment + timedelta(days=1, microseconds=-1)
        # The plus of an offset arrives as a space from clients that did not encode it.
        moment = super().to_internal_value(value.replace(" ", "+") if "T" in value else value)
        for bound in TIME_VALIDATORS:
            bound(moment)
        return moment, moment

    def midnight(self, value: str) -> datetime | None:
        try:
            day = datetime.strptime(value, "%Y-%m-%d")
        except ValueError:
            return None
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            self.fail("invalid", format="2026-12-24")
        return timezone.make_aware(day)


class EventQuery(serializers.Serializer):
    q = serializers.CharField(
        max_length=200,
        required=False,
        allow_blank=True,
        help_text="Words in the title, the text, the place or the organizer's name.",
    )
    location = serializers.CharField(
        max_length=200, required=False, allow_blank=True, help_text="Words in the place."
    )
    organizer = serializers.IntegerField(
        min_value=1, max_value=2**63 - 1, required=False, help_text="The organizer's id."
    )
    start_time = Moment(
        required=False,
        help_text="Starts at this moment (2026-12-24T18:00:00+01:00), or on this day (2026-12-24).",
    )
    start_after = Moment(
        required=False, help_text="Starts at this moment or later, or on this day or later."
    )
    start_before = Moment(
        required=False, help_text="Starts at this moment or earlier, or before this day."
    )
    past = serializers.BooleanField(
        required=False, default=False, help_text="`true`: the events that are over, newest first."
    )
