"""Which reservations, tickets, gates, devices and scans a person may read and change."""

from django.db.models import Q

from events.permissions import Visitor, door_staff_events, managed_events
from tickets.models import (
    Device,
    DeviceQuerySet,
    Gate,
    GateQuerySet,
    Reservation,
    ReservationQuerySet,
    Scan,
    ScanQuerySet,
    Ticket,
    TicketQuerySet,
)


def managed_gates(user: Visitor) -> GateQuerySet:
    """The gates of the events that the person manages."""
    return Gate.objects.filter(event__in=managed_events(user)).select_related("event")


def managed_devices(user: Visitor) -> DeviceQuerySet:
    """The devices of the events that the person manages."""
    found = Device.objects.filter(event__in=managed_events(user))
    return found.select_related("event", "gate", "person")


def own_reservations(user: Visitor) -> ReservationQuerySet:
    """The person's own reservations, with their events."""
    if not user.is_authenticated:
        return Reservation.objects.none()
    return Reservation.objects.filter(person=user).select_related("event")


def visible_reservations(user: Visitor) -> ReservationQuerySet:
    """The person's own reservations, and those that they may check in or decide on."""
    if not user.is_authenticated:
        return Reservation.objects.none()
    own_or_checked_in_by_me = Q(person=user) | Q(event__in=door_staff_events(user))
    return Reservation.objects.filter(own_or_checked_in_by_me).select_related("event", "person")


def managed_reservations(user: Visitor) -> ReservationQuerySet:
    """The reservations of the events that the person manages."""
    found = Reservation.objects.filter(event__in=managed_events(user))
    return found.select_related("event", "person")


def own_tickets(user: Visitor) -> TicketQuerySet:
    """The valid tickets of the person's own confirmed reservations."""
    return Ticket.objects.valid().filter(reservation__in=own_reservations(user).confirmed())


def managed_scans(user: Visitor) -> ScanQuerySet:
    """The scans of the events that the person manages."""
    return Scan.objects.filter(event__in=managed_events(user))
