"""Times in answers: in UTC, or with the offset of the event."""

from datetime import UTC, datetime
from typing import Any

from rest_framework import serializers

from events.models import Event


class Instant(serializers.DateTimeField):
    """A moment in UTC, as `2026-12-24T17:00:00Z`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(default_timezone=UTC, **kwargs)


class EventTime(serializers.DateTimeField):
    """The start or end of an event, with the offset of the event's own time zone."""

    def get_attribute(self, instance: Any) -> datetime:
        event = instance if isinstance(instance, Event) else instance.event
        moment: Any = super().get_attribute(instance)
        return moment.astimezone(event.zone)

    def to_representation(self, value: datetime) -> str:
        return value.isoformat()
