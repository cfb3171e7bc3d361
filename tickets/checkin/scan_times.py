"""Which time of a scan is accepted: one rule for devices and for the API."""

from datetime import UTC, datetime, timedelta

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from eventflow.core.errors import Refused
from events.models import Event

# How long before its event a scan may be.
EARLY = timedelta(days=1)
# How far ahead of ours a device's clock may be; a time up to there is taken for now.
AHEAD = timedelta(minutes=5)
# No real check-in is older: an older time in the database was written by mistake.
FIRST = datetime(2000, 1, 1, tzinfo=UTC)
# For a text that looks like a time and is none, as the 45th of a month. No event is so early.
NO_TIME = datetime.min.replace(tzinfo=UTC)


def read(text: str) -> datetime | None:
    """Return the time that a device wrote in ISO 8601.

    None for an empty text, NO_TIME for one that is no time.
    """
    if not text:
        return None
    try:
        moment = parse_datetime(text)
    except ValueError:
        return NO_TIME
    return moment if moment and moment.tzinfo else NO_TIME


def accept(event: Event, at: datetime | None, *, since: datetime | None = None) -> datetime:
    """Return the time at which a scan counts.

    `at`: the time that the device sent (None: now). `since`: when the device was registered.
    Refused: impossible_time, if `at` is more than a day before the event (before now, while the
    event is further away), before `since`, or more than five minutes from now.
    """
    now = timezone.now()
    if at is None:
        return now
    if not max(earliest(event, now), since or NO_TIME) <= at <= now + AHEAD:
        raise Refused(
            "impossible_time",
            _("The time of this scan can’t be right. Check the clock of this device."),
        )
    return min(at, now)


def nearest(event: Event, at: datetime | None) -> datetime:
    """Return the accepted time nearest to `at`, for a scan that is stored although refused."""
    now = timezone.now()
    return min(max(at or now, earliest(event, now)), now)


def earliest(event: Event, now: datetime) -> datetime:
    day_before = event.start_time - EARLY
    return day_before if day_before <= now else now - EARLY


def in_event_zone(moment: datetime, event: Event) -> datetime:
    """Return the moment in the event's time zone.

    The first and last hours of the calendar, which not every time zone has, stay in UTC.
    """
    try:
        return moment.astimezone(event.zone)
    except OverflowError:
        return moment
