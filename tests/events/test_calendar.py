"""The calendar file, read back by the library that calendars in Python use."""

from datetime import UTC, datetime, timedelta

import pytest
from icalendar import Calendar

from events import services
from events.calendar import event_calendar
from tests.support.factories import make_event

pytestmark = pytest.mark.django_db
JULY = datetime(2027, 7, 1, 16, 0, tzinfo=UTC)


def read(event, **how):
    """The method of the file, and its one entry."""
    calendar = Calendar.from_ical(event_calendar(event, **how))
    assert calendar["version"] == "2.0"
    [entry] = calendar.events
    return str(calendar["method"]), entry


def entry_of(event):
    method, entry = read(event)
    assert method == "PUBLISH"
    return entry


def test_calendar_entry_has_the_facts_of_the_event(settings):
    settings.SITE_URL, settings.DEFAULT_FROM_EMAIL = (
        "https://tickets.example.org",
        "EventFlow <hello@example.org>",
    )
    event = make_event(
        title="Zażółć; gęślą, jaźń",
        location="Ruska 46c,\nWrocław",
        description="Bring ink.",
        start_time=JULY,
        time_zone="America/New_York",
    )
    entry, url = entry_of(event), f"https://tickets.example.org/events/{event.pk}/"
    assert entry["uid"] == f"event-{event.pk}@tickets.example.org"
    assert entry.DTSTART == JULY, "the instant, whatever the zone"
    assert (entry["summary"], entry["location"], entry["description"]) == (
        "Zażółć; gęślą, jaźń",
        "Ruska 46c,\nWrocław",
        f"Bring ink.\n\n{url}",
    )
    assert (entry["url"], entry["status"], entry["sequence"]) == (url, "CONFIRMED", 0)
    assert entry["organizer"] == "mailto:hello@example.org"


def test_calendar_uid_stays_and_a_cancellation_outranks_it():
    event = make_event()
    before = entry_of(event)
    services.cancel(event, by=event.organizer)
    event.refresh_from_db()
    method, after = read(event)
    assert (method, after["uid"], after["status"], after["sequence"]) == (
        "CANCEL",
        before["uid"],
        "CANCELLED",
        1,
    )


def test_calendar_entry_is_cancelled_for_a_guest_who_left_and_may_return():
    event = make_event()
    method, entry = read(event, attending=False)
    assert (method, entry["uid"], entry["status"]) == (
        "CANCEL",
        entry_of(event)["uid"],
        "CANCELLED",
    )
    assert entry["sequence"] == entry_of(event)["sequence"], "the later stamp decides"


@pytest.mark.parametrize(
    ("change", "number"),
    [
        ({"start_time": JULY + timedelta(hours=1)}, 1),
        ({"end_time": JULY + timedelta(hours=9)}, 1),
        ({"location": "Elsewhere"}, 1),
        ({"title": "Another name"}, 1),
        ({"seats_limit": 99, "hue": "plum"}, 0),
        ({"location": "Ruska 46c, Wrocław"}, 0),
    ],
)
def test_calendar_sequence_grows_when_a_shown_field_changes(change, number):
    event = make_event(start_time=JULY)
    event = services.edit(event, by=event.organizer, **change)
    assert entry_of(event)["sequence"] == number


def test_lines_are_short_enough_for_every_calendar():
    event = make_event(title="ż" * 200, description="słowo " * 500)
    assert max(len(line) for line in event_calendar(event).split(b"\r\n")) <= 75


@pytest.mark.parametrize(
    "words",
    [
        "x\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nSUMMARY:evil",
        "x\nATTENDEE:mailto:a@example.org",
        "\x00\x07\x1b",
        "a\u2028b\u0085c",
        '\u202e\\;,:"',
    ],
)
def test_calendar_text_never_becomes_a_line_of_its_own(words):
    event = make_event()
    event.title = event.location = event.description = event.organizer.first_name = words
    raw = event_calendar(event)
    names = [
        line.partition(b":")[0].partition(b";")[0]
        for line in raw.replace(b"\r\n ", b"").rstrip().split(b"\r\n")
    ]
    entry = "SUMMARY DTSTART DTEND DTSTAMP UID SEQUENCE DESCRIPTION LOCATION ORGANIZER STATUS URL"
    assert sorted(names) == sorted(
        f"BEGIN VERSION PRODID METHOD BEGIN {entry} END END".encode().split()
    )
    assert not set(raw) & (set(range(32)) - {10, 13}), "no control character reaches a calendar"
