"""Which events may this person touch? Everything else derives from these querysets."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q

from accounts.models import User
from events.models import DoorStaff, Event, EventQuerySet

Visitor = User | AnonymousUser


def managed_events(user: Visitor) -> EventQuerySet:
    """Events whose queue, text and numbers this person runs: their own as an Organizer, all as an Admin."""
    if not user.is_authenticated or not user.is_active or not user.is_organizer:
        return Event.objects.none()
    return Event.objects.all() if user.is_admin else Event.objects.filter(organizer=user)


def visible_events(user: Visitor) -> EventQuerySet:
    """What has been published, and the drafts of those who manage them."""
    return (
        Event.objects.public() | managed_events(user)
        if user.is_authenticated
        else Event.objects.public()
    )


def door_events(user: Visitor) -> EventQuerySet:
    """Events at whose door this person may stand: those they manage and those they were asked to help at."""
    if not user.is_authenticated or not user.is_active:
        return Event.objects.none()
    if user.is_admin:
        return Event.objects.all()
    # Not a join, whose doubles would have to be sorted out among all: whoever has thousands waits no longer at the door of one.
    mine = Q(pk__in=DoorStaff.objects.filter(person=user).values("event"))
    return Event.objects.filter(Q(organizer=user) | mine if user.is_organizer else mine)
