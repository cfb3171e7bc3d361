"""Days and times of events in words, on the clock of the event's own time zone."""

from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.dateformat import format as in_words
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from events.models import Event

# An event that ends by this hour, and takes no longer than this, belongs to the evening before.
# local-time.js has both too.
END_OF_NIGHT, LONGEST_NIGHT = time(6), timedelta(hours=12)


def day(moment: date) -> str:
    """`Friday, 11 December`; with the year if it is not this year."""
    return capfirst(in_words(moment, "l, " + day_and_month(moment)))


def day_in_line(moment: date) -> str:
    """As `day` within a sentence, where some languages write it small: `czwartek, 10 grudnia`."""
    weekday = in_words(moment, "l")
    # Translators: how your language writes a weekday within a sentence, "Thursday" or "thursday".
    if pgettext("weekday within a sentence", "Thursday").islower():
        weekday = weekday.lower()
    return f"{weekday}, {in_words(moment, day_and_month(moment))}"


def near_day(moment: date) -> str:
    """`Today`, `Tomorrow`, else the weekday."""
    near = {0: _("Today"), 1: _("Tomorrow")}
    return near.get((moment - timezone.localdate()).days) or capfirst(in_words(moment, "l"))


def rest_of_day(moment: date) -> str:
    """What follows `near_day`: with the weekday, where `near_day` says `Today` or `Tomorrow`."""
    is_near = 0 <= (moment - timezone.localdate()).days <= 1
    return day(moment) if is_near else without_weekday(moment)


def short_day(moment: date) -> str:
    """`Fri 11 Dec`; with the year if it is not this year."""
    return capfirst(in_words(moment, f"D {short_month(moment)}"))


def short_moment(moment: datetime) -> str:
    """`11 Dec, 18:00`; with the year if it is not this year."""
    return in_words(moment, f"{short_month(moment)}, H:i")


def without_weekday(moment: date) -> str:
    """`11 December`; with the year if it is not this year."""
    return in_words(moment, day_and_month(moment))


def clock(moment: datetime) -> str:
    """`18:00`, in the zone that the moment carries."""
    return in_words(moment, "H:i")


def starts(event: Event) -> str:
    """`Fri 11 Dec, 18:00`, on the clock of the place."""
    return f"{short_day(event.local_start)}, {clock(event.local_start)}{zone_name(event)}"


def hours(event: Event) -> str:
    """`18:00–22:00`, with the zone's name if it is not the site's.

    Another day of the end is named, unless the event ends at night: by six, within twelve hours.
    """
    zone = zone_name(event)
    if event.is_whole_days:
        return whole_days(event) + zone
    start, end = event.local_start, event.local_end
    if event.last_day == start.date() or ends_the_night(event):
        return f"{clock(start)}–{clock(end)}{zone}"
    return f"{clock(start)} – {short_day(event.last_day)}, {last_clock(event)}{zone}"


def whole_days(event: Event) -> str:
    """`all day`, or `all day, until Sun 13 Dec`."""
    if event.last_day == event.local_start.date():
        return _("all day")
    return _("all day, until %(day)s") % {"day": short_day(event.last_day)}


def ends_the_night(event: Event) -> bool:
    """Whether the end belongs to the evening before: until six o'clock, and within twelve hours."""
    return event.local_end.time() <= END_OF_NIGHT and event.duration <= LONGEST_NIGHT


def last_clock(event: Event) -> str:
    """`17:00`, and `24:00` for the midnight that ends the day named before it."""
    return clock(event.local_end) if event.last_day == event.local_end.date() else "24:00"


def zone_name(event: Event) -> str:
    """` (Asia/Tokyo)`; empty for the site's own zone."""
    if event.time_zone == settings.TIME_ZONE:
        return ""
    return f" ({event.time_zone.replace('_', ' ')})"


def day_and_month(moment: date) -> str:
    # E is the month as a date needs it: "11 grudnia", not "11 grudzień".
    return "j E" if is_this_year(moment) else "j E Y"


def short_month(moment: date) -> str:
    # A format of Django's too: languages that write months in small letters say b instead of M.
    how = pgettext("format of a day and its month", "j M")
    return how if is_this_year(moment) else f"{how} Y"


def is_this_year(moment: date) -> bool:
    return moment.year == timezone.localdate().year
