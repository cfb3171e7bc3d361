"""Which reservations and tickets may this person touch?"""

from events.permissions import Visitor, door_events, managed_events
from tickets.models import Reservation, ReservationQuerySet, Scan, ScanQuerySet, Ticket, TicketQuerySet


def own_reservations(user: Visitor) -> ReservationQuerySet:
    """The person's own, with their events."""
    return Reservation.objects.filter(person=user).select_related("event") if user.is_authenticated else Reservation.objects.none()


def managed_reservations(user: Visitor) -> ReservationQuerySet:
    """Those of the events that the person manages."""
    return Reservation.objects.filter(event__in=managed_events(user)).select_related("event", "person")


def own_tickets(user: Visitor) -> TicketQuerySet:
    """The valid tickets of the person's own confirmed reservations."""
    return Ticket.objects.valid().filter(reservation__in=own_reservations(user).confirmed())


def door_reservations(user: Visitor) -> ReservationQuerySet:
    """Those that the person may check in."""
    return Reservation.objects.filter(event__in=door_events(user)).select_related("event", "person")


def door_tickets(user: Visitor) -> TicketQuerySet:
    """The valid tickets that the person may check in."""
    return Ticket.objects.valid().filter(event__in=door_events(user))


def managed_scans(user: Visitor) -> ScanQuerySet:
    """The readings at the doors of the events that the person manages."""
    return Scan.objects.filter(event__in=managed_events(user))
