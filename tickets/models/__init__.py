"""The tables of reservations, tickets, signing keys, check-in, announcements and organizer mail."""

from tickets.models.check_in import (
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
from tickets.models.reservations import Reservation, ReservationQuerySet
from tickets.models.tickets import Ticket, TicketQuerySet, code_of, new_serial

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
