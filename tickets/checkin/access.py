"""Who may check tickets in: the actor, and which events, reservations and tickets they reach."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from eventflow.core.errors import Refused
from events.models import Event, EventQuerySet
from events.permissions import Visitor, door_staff_events, managed_events
from tickets.models import Device, Reservation, ReservationQuerySet, Ticket, TicketQuerySet


@dataclass(frozen=True)
class CheckInActor:
    """Who checks in: a person with an account, a device that a gate's link registered, or both.

    `scanner`: the name that a client of the API gives itself; it is no device of ours.
    """

    user: Visitor
    device: Device | None = None
    scanner: str = ""

    @classmethod
    def of_device(cls, device: Device) -> "CheckInActor":
        return cls(device.person or AnonymousUser(), device)

    @property
    def person(self) -> User | None:
        return self.user if self.user.is_authenticated else None

    @property
    def name(self) -> str:
        """The name of the device or scanner; empty where there is none."""
        return self.device.name if self.device else self.scanner

    @property
    def came_by_link(self) -> bool:
        """Whether the actor has no account and may check in only by a gate's link."""
        return self.person is None

    def admitted(self, ticket: Ticket) -> bool:
        """Whether this actor checked the ticket in.

        The name of a device proves that only for a device without a person, and only at its own
        event: another event may have a device of the same name.
        """
        if ticket.checked_in_by_id is not None:
            return self.person is not None and ticket.checked_in_by_id == self.person.pk
        device = self.device
        if device is None or device.person_id is not None or device.event_id != ticket.event_id:
            return False
        return ticket.is_used and ticket.checked_in_device == device.name


def checkin_events(actor: CheckInActor) -> EventQuerySet:
    """The events at which the actor may check in now."""
    device = actor.device
    if device is None or device.person_id is not None or not may_check_in_now(device):
        return door_staff_events(actor.user)
    return Event.objects.filter(Q(pk__in=door_staff_events(actor.user)) | Q(pk=device.event_id))


def may_undo(actor: CheckInActor, ticket: Ticket) -> bool:
    """Whether the actor may undo this check-in: the one who did it, and who manages the event."""
    return actor.admitted(ticket) or managed_events(actor.user).filter(pk=ticket.event_id).exists()


def events_of(device: Device) -> EventQuerySet:
    """The events at which scans of this device count now, as far as its person's rights decide.

    Whether the device has ended is not asked here: what it read before its end is judged by time.
    """
    person = None if device.has_ended else device.person
    return Event.objects.all() if person is None else door_staff_events(person)


def may_check_in_now(device: Device) -> bool:
    """Whether the device may check in now: until its end, and as long as its person may."""
    if device.has_ended:
        return False
    return device.person is None or events_of(device).filter(pk=device.event_id).exists()


def was_allowed_at(device: Device, at: datetime) -> bool:
    """Whether a scan of that time counts; after its end the device may send it for a day."""
    if not device.has_ended:
        return may_check_in_now(device)
    return (
        at < device.ends_at and timezone.now() < device.key_expires_at and device.may_have_held(at)
    )


def allowed_since(device: Device) -> datetime:
    """When the device was registered; a person's: when the first of theirs at this event was.

    A log-in gives a person another device, and what waited on the phone must not be lost.
    """
    return device.first_started or device.started


def no_longer_allowed() -> Refused:
    """The refusal of a device that may not check in any more."""
    return Refused("no_longer_allowed", _("This phone may no longer check tickets in here."))


def checkin_reservations(actor: CheckInActor) -> ReservationQuerySet:
    """The reservations that the actor may check in."""
    found = Reservation.objects.filter(event__in=checkin_events(actor))
    return found.select_related("event", "person")


def door_reservations(user: Visitor) -> ReservationQuerySet:
    """The reservations that the person may check in."""
    found = Reservation.objects.filter(event__in=door_staff_events(user))
    return found.select_related("event", "person")


def door_tickets(user: Visitor) -> TicketQuerySet:
    """The valid tickets that the person may check in."""
    return Ticket.objects.valid().filter(event__in=door_staff_events(user))
