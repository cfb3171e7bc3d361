"""Who may check tickets in: the actor of a request, and which events, reservations and tickets they reach."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from events.models import Event, EventQuerySet
from events.permissions import Visitor, door_staff_events, managed_events
from tickets.models import (
    Device,
    Reservation,
    ReservationQuerySet,
    Ticket,
    TicketQuerySet,
)


@dataclass(frozen=True)
class CheckInActor:
    """Who stands at a door: somebody with an account, or a phone that was handed a gate's link, or both."""

    user: Visitor
    device: Device | None = None

    @property
    def person(self) -> User | None:
        return self.user if self.user.is_authenticated else None

    @property
    def name(self) -> str:
        """What the device is called; nothing for a page without one."""
        return self.device.name if self.device else ""

    @property
    def came_by_link(self) -> bool:
        """Whether this is a phone of somebody unknown, which may stand here only because it was handed a gate's link."""
        return self.person is None

    def admitted(self, ticket: Ticket) -> bool:
        """Whether it was this actor who let the guest in.

        The name of a device proves that for phones without a person only, and at the device's own event only:
        another event may have a gate and a phone of the same names.
        """
        if ticket.checked_in_by_id is not None:
            return self.person is not None and ticket.checked_in_by_id == self.person.pk
        device = self.device
        if device is None or device.person_id is not None or device.event_id != ticket.event_id:
            return False
        return ticket.is_used and ticket.checked_in_device == device.name


def checkin_events(actor: CheckInActor) -> EventQuerySet:
    """Those at whose door the actor may stand now."""
    device = actor.device
    if device is None or device.person_id is not None or not may_check_in_now(device):
        return door_staff_events(actor.user)
    return Event.objects.filter(Q(pk__in=door_staff_events(actor.user)) | Q(pk=device.event_id))


def may_undo(actor: CheckInActor, ticket: Ticket) -> bool:
    """Whether the actor may take this check-in back: who let the guest in, and who manages the event."""
    return actor.admitted(ticket) or managed_events(actor.user).filter(pk=ticket.event_id).exists()


def may_check_in_now(device: Device) -> bool:
    """Whether the device may check tickets in now. Those of people may for as long as their person may."""
    if device.has_ended:
        return False
    return (
        device.person is None
        or door_staff_events(device.person).filter(pk=device.event_id).exists()
    )


def was_allowed_at(device: Device, at: datetime) -> bool:
    """Whether what the device read at that time counts, which it may say up to a day after its end."""
    if not device.has_ended:
        return may_check_in_now(device)
    return at < device.ends_at and timezone.now() < device.key_dies_at and device.may_have_held(at)


def allowed_since(device: Device) -> datetime:
    """When the device came to this door; a person's: when their first one did, because a log-in gives them another."""
    if device.person_id is None:
        return device.started
    first = (
        Device.objects.filter(event=device.event_id, person=device.person_id)
        .order_by("started")
        .first()
    )
    return first.started if first else device.started


def checkin_reservations(actor: CheckInActor) -> ReservationQuerySet:
    """Those that the actor may check in."""
    return Reservation.objects.filter(event__in=checkin_events(actor)).select_related(
        "event", "person"
    )


def door_reservations(user: Visitor) -> ReservationQuerySet:
    """Those that the person may check in."""
    return Reservation.objects.filter(event__in=door_staff_events(user)).select_related(
        "event", "person"
    )


def door_tickets(user: Visitor) -> TicketQuerySet:
    """The valid tickets that the person may check in."""
    return Ticket.objects.valid().filter(event__in=door_staff_events(user))
