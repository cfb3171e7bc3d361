"""An event as a calendar file (RFC 5545), for its page and to go with a mail."""

from datetime import UTC
from email.utils import parseaddr
from unicodedata import category
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone
from icalendar import Calendar
from icalendar import Event as Entry

from eventflow.core.text_direction import without_controls
from events.models import Event


def event_calendar(event: Event, *, going: bool = True) -> bytes:
    """The event, always under the same UID, so that a calendar replaces what it knew of it. Needs its organizer.

    A cancelled event, and one that its guest is not going to any more, comes as METHOD:CANCEL (RFC 5546), which takes it out again.

    Times are UTC: an event happens once, and every calendar shows an instant rightly on its own clock, whereas time zones
    written out are where calendars disagree.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//EventFlow//EventFlow//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method(event, going=going))
    calendar.add_component(entry(event, going=going))
    return calendar.to_ical()


def method(event: Event, *, going: bool = True) -> str:
    return "CANCEL" if event.is_cancelled or not going else "PUBLISH"


def entry(event: Event, *, going: bool = True) -> Entry:
    url = settings.SITE_URL + event.get_absolute_url()
    entry = Entry()
    entry.add("uid", f"event-{event.pk}@{urlsplit(settings.SITE_URL).hostname}")
    entry.add("dtstamp", timezone.now().astimezone(UTC))
    # The higher number wins; among equals the later stamp, so that who comes back after leaving has it again.
    entry.add("sequence", event.sequence)
    entry.add("status", "CANCELLED" if event.is_cancelled or not going else "CONFIRMED")
    entry.add("dtstart", event.start_time.astimezone(UTC))
    entry.add("dtend", event.end_time.astimezone(UTC))
    entry.add("summary", clean(event.title))
    entry.add("location", clean(event.location))
    entry.add("description", clean(f"{event.description}\n\n{url}".strip()))
    entry.add("url", url)
    # RFC 5546 wants an organizer in what is published. The person's own address is not for everybody.
    sender = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    entry.add("organizer", f"mailto:{sender}", parameters={"cn": clean(event.host) or "EventFlow"})
    return entry


def clean(text: str) -> str:
    """Without the control characters that the format forbids, and those that turn the direction of what follows.

    Joiners stay: families of emoji, Persian and Hindi need them. The library escapes the rest, line breaks included.
    """
    spaced = ("\n" if c == "\n" else " " if c.isspace() else c for c in without_controls(text))
    return "".join(c for c in spaced if c == "\n" or c.isprintable() or category(c) == "Cf").strip()
