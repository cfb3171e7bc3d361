"""What an event is, and who checks tickets in at it."""

from events.models.door_staff import DoorStaff
from events.models.event import (
    FIRST_YEAR,
    LAST_YEAR,
    MAX_SEATS,
    TIME_VALIDATORS,
    Event,
    known_zone,
    validate_current_zone,
)
from events.models.event_queryset import EventManager, EventQuerySet

__all__ = [
    "FIRST_YEAR",
    "LAST_YEAR",
    "MAX_SEATS",
    "TIME_VALIDATORS",
    "DoorStaff",
    "Event",
    "EventManager",
    "EventQuerySet",
    "known_zone",
    "validate_current_zone",
]
