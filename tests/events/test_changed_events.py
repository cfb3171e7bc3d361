"""Guests learn of a change: by mail, and in their calendars."""

from datetime import timedelta

import pytest
from icalendar import Calendar

from events import services
from tests.support.factories import make_event, make_reservation
from tests.support.mailbox import letters_to
from tickets.queue import decisions, registration

pytestmark = pytest.mark.django_db


@pytest.fixture
def event():
    return make_event(title="Nocny druk")


def subjects(person):
    return [
        letter.subject.partition(",")[0].partition(":")[0] for letter in letters_to(person.email)
    ]


def calendars(letter):
    """(method of the part, method in the file, sequence, place) of each calendar file."""
    found = []
    for part in letter.attachments:
        if part.get_content_type() == "text/calendar":
            calendar = Calendar.from_ical(part.get_payload(decode=True))
            entry = calendar.events[0]
            found.append(
                (
                    part.get_param("method"),
                    str(calendar["method"]),
                    entry["sequence"],
                    str(entry["location"]),
                )
            )
    return found


@pytest.mark.both
def test_moved_event_mails_every_active_guest(event):
    going, waiting, gone = (
        make_reservation(event, status="confirmed"),
        make_reservation(event),
        make_reservation(event, status="cancelled"),
    )
    for one in (going, waiting, gone):
        letters_to(one.person.email)
    services.edit(event, by=event.organizer, location="Hala Targowa")
    assert [subjects(one.person)[-1] for one in (going, waiting)] == ["Nocny druk has moved"] * 2
    assert "Nocny druk has moved" not in subjects(gone.person)
    letter = letters_to(going.person.email)[-1]
    assert "Hala Targowa" in letter.body
    assert calendars(letter) == [("PUBLISH", "PUBLISH", 1, "Hala Targowa")]
    assert calendars(letters_to(waiting.person.email)[-1]) == []


@pytest.mark.parametrize(
    "change",
    [{"title": "Nocny druk, część druga"}, {"seats_limit": 50}, {"location": "Ruska 46c, Wrocław"}],
)
def test_edit_without_a_move_sends_no_mail(event, change):
    going = make_reservation(event, status="confirmed")
    before = len(letters_to(going.person.email))
    services.edit(event, by=event.organizer, **change)
    assert len(letters_to(going.person.email)) == before


@pytest.mark.both
def test_moved_event_mails_only_the_last_of_two_changes(event):
    going = make_reservation(event, status="confirmed")
    before = len(letters_to(going.person.email))
    for place in ("A slip of the pen", "Hala Targowa"):
        services.edit(event, by=event.organizer, location=place)
    [letter] = letters_to(going.person.email)[before:]
    assert "Hala Targowa" in letter.body
    assert calendars(letter) == [("PUBLISH", "PUBLISH", 2, "Hala Targowa")]


def test_moved_draft_sends_no_mail():
    draft = make_event(status="draft")
    services.edit(draft, by=draft.organizer, start_time=draft.start_time + timedelta(hours=1))
    draft.refresh_from_db()
    assert draft.sequence == 1


def leave(reservation):
    registration.cancel(reservation, by=reservation.person)


def be_rejected(reservation):
    decisions.reject(reservation, by=reservation.event.organizer)


def be_called_off(reservation):
    services.cancel(reservation.event, by=reservation.event.organizer)


@pytest.mark.parametrize(
    ("what", "subject", "number"),
    [
        (leave, "You are not going to Nocny druk", 0),
        (be_rejected, "Not this time", 0),
        (be_called_off, "Cancelled", 1),
    ],
)
def test_lost_ticket_cancels_the_calendar_entry(event, what, subject, number):
    going, waiting = make_reservation(event, status="confirmed"), make_reservation(event)
    for one in (going, waiting):
        letters_to(one.person.email)
    what(going)
    if what is not be_called_off:
        what(waiting)
    last = {one: letters_to(one.person.email)[-1] for one in (going, waiting)}
    assert [subjects(one.person)[-1] for one in (going, waiting)] == [subject] * 2
    assert calendars(last[going]) == [("CANCEL", "CANCEL", number, event.location)]
    assert calendars(last[waiting]) == []
