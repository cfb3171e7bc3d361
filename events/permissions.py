"""Which events a person may touch. All other permissions derive from these querysets."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q

from accounts.models import User
from events.models import DoorStaff, Event, EventQuerySet

Visitor = User | AnonymousUser


def managed_events(user: Visitor) -> EventQuerySet:
    """The events that a person runs: an Organizer their own, an Admin all."""
    if not user.is_authenticated or not user.is_active or not user.is_organizer:
        return Event.objects.none()
    return Event.objects.all() if user.is_admin else Event.objects.filter(organizer=user)


def visible_events(user: Visitor) -> EventQuerySet:
    """The public events, and the drafts of the person who manages them."""
    public = Event.objects.public()
    return public | managed_events(user) if user.is_authenticated else public


def door_staff_events(user: Visitor) -> EventQuerySet:
    """The events at which a person may check in: those they manage, and those they help at."""
    if not user.is_authenticated or not user.is_active:
        return Event.objects.none()
    if user.is_admin:
        return Event.objects.all()
    # No join: it would give an event once for each of its door staff, and to sort these out takes
    # long for a person with thousands of events.
    staffed = Q(pk__in=DoorStaff.objects.filter(person=user).values("event"))
    return Event.objects.filter(Q(organizer=user) | staffed if user.is_organizer else staffed)
