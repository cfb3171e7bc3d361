"""Reservations, the tickets that come of them, the keys that sign those, and the doors that read them."""

from tickets.models.doors import (
    CheckInOutcome,
    Device,
    DeviceQuerySet,
    Gate,
    GateQuerySet,
    Scan,
    ScanQuerySet,
)
from tickets.models.keys import SigningKey
from tickets.models.messages import Announcement
from tickets.models.news import EventNews, OrganizerLetter
from tickets.models.reservations import (
    Reservation,
    ReservationQuerySet,
    Ticket,
    TicketQuerySet,
    code_of,
    new_serial,
)

__all__ = [
    "Announcement",
    "CheckInOutcome",
    "Device",
    "DeviceQuerySet",
    "EventNews",
    "Gate",
    "GateQuerySet",
    "OrganizerLetter",
    "Reservation",
    "ReservationQuerySet",
    "Scan",
    "ScanQuerySet",
    "SigningKey",
    "Ticket",
    "TicketQuerySet",
    "code_of",
    "new_serial",
]
