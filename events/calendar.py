"""An event as a calendar file (RFC 5545), for its page and for mails."""

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


def event_calendar(event: Event, *, attending: bool = True) -> bytes:
    """The calendar file of an event, whose organizer is loaded.

    The UID is always the same, so that a calendar replaces what it has of the event. A cancelled
    event, or one that its guest does not attend any more, comes as METHOD:CANCEL (RFC 5546), which
    removes it. Times are UTC: every calendar shows an instant rightly on its own clock, whereas
    calendars disagree about time zones that are written out.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//EventFlow//EventFlow//EN")
    calendar.add("version", "2.0")
    calendar.add("method", calendar_method(event, attending=attending))
    calendar.add_component(entry_of(event, attending=attending))
    return calendar.to_ical()


def calendar_method(event: Event, *, attending: bool = True) -> str:
    """The METHOD of the calendar file: CANCEL or PUBLISH."""
    return "CANCEL" if event.is_cancelled or not attending else "PUBLISH"


def entry_of(event: Event, *, attending: bool = True) -> Entry:
    url = settings.SITE_URL + event.get_absolute_url()
    entry = Entry()
    entry.add("uid", f"event-{event.pk}@{urlsplit(settings.SITE_URL).hostname}")
    entry.add("dtstamp", timezone.now().astimezone(UTC))
    # The higher number wins; among equals the later stamp, so that a guest who cancels and then
    # reserves again has the event again.
    entry.add("sequence", event.sequence)
    entry.add("status", "CANCELLED" if event.is_cancelled or not attending else "CONFIRMED")
    entry.add("dtstart", event.start_time.astimezone(UTC))
    entry.add("dtend", event.end_time.astimezone(UTC))
    entry.add("summary", clean_text(event.title))
    entry.add("location", clean_text(event.location))
    entry.add("description", clean_text(f"{event.description}\n\n{url}".strip()))
    entry.add("url", url)
    # RFC 5546 wants an organizer in what is published. The person's own address is private.
    sender = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    name = clean_text(event.organizer_name) or "EventFlow"
    entry.add("organizer", f"mailto:{sender}", parameters={"cn": name})
    return entry


def clean_text(text: str) -> str:
    """The text without control characters, which the format forbids or which turn the direction.

    Joiners stay: families of emoji, Persian and Hindi need them. The library escapes the rest, line
    breaks included.
    """
    spaced = ("\n" if c == "\n" else " " if c.isspace() else c for c in without_controls(text))
    return "".join(c for c in spaced if c == "\n" or c.isprintable() or category(c) == "Cf").strip()
