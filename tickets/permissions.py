"""Which reservations, tickets, gates, devices and scans may this person touch?"""

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
    return Gate.objects.filter(event__in=managed_events(user)).select_related("event")


def managed_devices(user: Visitor) -> DeviceQuerySet:
    return Device.objects.filter(event__in=managed_events(user)).select_related(
        "event", "gate", "person"
    )


def own_reservations(user: Visitor) -> ReservationQuerySet:
    """The person's own, with their events."""
    return (
        Reservation.objects.filter(person=user).select_related("event")
        if user.is_authenticated
        else Reservation.objects.none()
    )


def visible_reservations(user: Visitor) -> ReservationQuerySet:
    """The person's own, and those that they may check in or decide on."""
    if not user.is_authenticated:
        return Reservation.objects.none()
    mine_or_at_my_door = Q(person=user) | Q(event__in=door_staff_events(user))
    return Reservation.objects.filter(mine_or_at_my_door).select_related("event", "person")


def managed_reservations(user: Visitor) -> ReservationQuerySet:
    """Those of the events that the person manages."""
    return Reservation.objects.filter(event__in=managed_events(user)).select_related(
        "event", "person"
    )


def own_tickets(user: Visitor) -> TicketQuerySet:
    """The valid tickets of the person's own confirmed reservations."""
    return Ticket.objects.valid().filter(reservation__in=own_reservations(user).confirmed())


def managed_scans(user: Visitor) -> ScanQuerySet:
    """The readings at the doors of the events that the person manages."""
    return Scan.objects.filter(event__in=managed_events(user))
