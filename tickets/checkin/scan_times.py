"""Which time of a scan is believed: the one rule for phones and for the API."""

from datetime import UTC, datetime, timedelta

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from eventflow.core.errors import Refused
from events.models import Event

# A scan is from a day before its event at the earliest.
EARLY = timedelta(days=1)
# A device's clock may be so far ahead of ours; what it says up to there is taken for now.
AHEAD = timedelta(minutes=5)
# No check-in was recorded before: what stands in the database as older was written by mistake.
FIRST = datetime(2000, 1, 1, tzinfo=UTC)
# Stands for a text that looks like a time and is none, like the 45th of a month. No event is so early.
NO_TIME = datetime.min.replace(tzinfo=UTC)


def read(text: str) -> datetime | None:
    """The time that a device wrote in ISO 8601; None for an empty text. NO_TIME where no calendar has it."""
    if not text:
        return None
    try:
        moment = parse_datetime(text)
    except ValueError:
        return NO_TIME
    return moment if moment and moment.tzinfo else NO_TIME


def accept(event: Event, at: datetime | None, *, since: datetime | None = None) -> datetime:
    """The time at which a scan counts. `at`: what the device says (None: now); `since`: when the device came to this door.

    Refused: impossible_time, if that is more than a day before the event (before now, while the event is further away), before
    the device came, or more than five minutes from now.
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
    """The possible time nearest to `at`: for what is kept although it was refused."""
    now = timezone.now()
    return min(max(at or now, earliest(event, now)), now)


def earliest(event: Event, now: datetime) -> datetime:
    day_before = event.start_time - EARLY
    return day_before if day_before <= now else now - EARLY


def at_the_place(moment: datetime, event: Event) -> datetime:
    """The moment on the event's clock. The first and last hours of the calendar, which not every clock has, stay in UTC."""
    try:
        return moment.astimezone(event.zone)
    except OverflowError:
        return moment
