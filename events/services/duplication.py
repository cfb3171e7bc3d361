"""Offer an event again: a draft with the same content, at a later time."""

import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from eventflow.core import audit
from events.models import Event

COPIED_FIELDS = [
    "title",
    "description",
    "location",
    "contact_email",
    "time_zone",
    "seats_limit",
    "admission",
    "hue",
    "pattern",
    "organizer",
]
# Every other field of Event, and why a duplicate does not copy it.
NOT_COPIED_FIELDS = {
    "id": "the duplicate is another event",
    "title_folded": "made from the title when the duplicate is saved",
    "description_folded": "made from the description when the duplicate is saved",
    "location_folded": "made from the location when the duplicate is saved",
    "start_time": "moved by whole weeks into the future",
    "end_time": "moved by whole weeks into the future",
    "status": "a duplicate is a draft",
    "created": "the duplicate is new",
    "published_at": "a draft is not published",
    "cancelled_at": "a draft is not cancelled",
    "cancel_message": "was about the cancellation of the original",
    "sequence": "no calendar has the duplicate yet",
    "reminded_for": "the duplicate has no guests to remind yet",
    "confirmed_count": "the duplicate has no reservations",
    "pending_count": "the duplicate has no reservations",
    "checked_in_count": "the duplicate has no reservations",
    "rejected_count": "the duplicate has no reservations",
    "cancelled_count": "the duplicate has no reservations",
    "door_staff": "each event has its own, who are asked again",
}


@transaction.atomic
def duplicate(event: Event, *, by: User) -> Event:
    """A new draft with the same content and organizer.

    It starts at the same time of day, as many whole weeks later as it takes to be in the future.
    """
    passed = (timezone.now() - event.start_time) / timedelta(weeks=1)
    later = timedelta(weeks=max(1, math.ceil(passed)))
    start = shift_local_time(event.start_time, later, event.zone)
    end = shift_local_time(event.end_time, later, event.zone)
    copy = Event(**{name: getattr(event, name) for name in COPIED_FIELDS})
    copy.start_time = start
    # Where the clocks skip or repeat an hour on the new day, the end could come before the start.
    copy.end_time = max(end, start + timedelta(minutes=1))
    copy.save(force_insert=True)
    audit.record("event.duplicate", copy, by=by, of=event.pk)
    return copy


def shift_local_time(moment: datetime, later: timedelta, zone: ZoneInfo) -> datetime:
    """The same time on the zone's clock so much later, across a change of the clocks; in UTC."""
    local = moment.astimezone(zone).replace(tzinfo=None) + later
    return local.replace(tzinfo=zone).astimezone(UTC)
