"""The daily mail to organizers: what it collects, and at which hour it leaves."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from accounts.models import User
from tests.support.factories import make_event, make_organizer, make_reservation
from tests.support.mailbox import letters_to
from tests.tickets.organizer_news import ask, later, prefers, subjects
from tickets.messages import organizer_news
from tickets.models import EventNews, Scan
from tickets.queue import decisions, registration

pytestmark = pytest.mark.django_db


@pytest.fixture
def organizer():
    return make_organizer(email="pawel@example.org")


# --- Daily, which is what people have who chose nothing -------------------------------------------


def test_organizer_mail_tells_the_first_request_at_once_and_others_daily(organizer):
    event = make_event(organizer=organizer, title="Nocny druk")
    ask(event, 1)
    assert [organizer_news.queue_due_mails(), organizer_news.queue_due_mails()] == [1, 0]
    ask(event, 3)
    later(timedelta(minutes=1))
    assert organizer_news.queue_due_mails() == 0
    later(timedelta(days=1))
    assert [organizer_news.queue_due_mails(), organizer_news.queue_due_mails()] == [1, 0]
    assert subjects(organizer) == ["Nocny druk: 1 new request", "Nocny druk: 3 new requests"]


def test_organizer_mail_tells_a_full_event_at_once_unless_the_organizer_filled_it(organizer):
    automatic = make_event(organizer=organizer, title="Chór", seats_limit=2, admission="automatic")
    ask(automatic, 1)
    assert organizer_news.queue_due_mails() == 0
    ask(automatic, 2)
    assert organizer_news.queue_due_mails() == 1
    [letter] = letters_to(organizer.email)
    assert (
        "- 3 new reservations\n- all spots are taken\nConfirmed: 2 / 2, waiting: 1" in letter.body
    )
    later(organizer_news.PAUSE)
    approval = make_event(organizer=organizer, seats_limit=1)
    make_reservation(approval, organizer)
    decisions.confirm(approval.reservations.get(), by=organizer)
    assert organizer_news.queue_due_mails() == 0


def test_daily_mail_tells_a_freed_spot_unless_it_was_given_on(organizer):
    event = make_event(organizer=organizer, title="Nocny druk")
    reservation = make_reservation(event, status="confirmed")
    full = make_event(organizer=organizer, admission="automatic", seats_limit=1)
    taken = make_reservation(full)
    make_reservation(full)
    organizer_news.queue_due_mails()
    letters_to(organizer.email)
    later(organizer_news.PAUSE)
    registration.cancel(reservation, by=reservation.person)
    registration.cancel(taken, by=taken.person)
    assert EventNews.objects.get(event=full).freed == 0
    assert organizer_news.queue_due_mails() == 0
    later(timedelta(days=1))
    organizer_news.queue_due_mails()
    assert "1 spot became free" in " ".join(letter.body for letter in letters_to(organizer.email))


def test_daily_mail_has_all_events_of_the_person_and_no_others(organizer):
    ours = [
        make_event(organizer=organizer, title=title, admission="automatic")
        for title in ("Chór", "Spacer")
    ]
    theirs = make_event(title="Obcy", admission="automatic")
    for event in (*ours, theirs):
        ask(event, 2)
    later(timedelta(days=1))
    assert organizer_news.queue_due_mails() == 2
    [letter] = letters_to(organizer.email)
    assert letter.subject == "News from 2 of your events"
    assert all(title in letter.body for title in ("Chór", "Spacer"))
    assert "Obcy" not in letter.body
    assert all(f"/organizer/events/{event.pk}/queue/" in letter.body for event in ours)


def test_daily_mail_is_not_sent_without_news(organizer):
    make_event(organizer=organizer)
    assert organizer_news.queue_due_mails() == 0
    assert subjects(organizer) == []


def test_organizer_mail_tells_of_conflicts_once(organizer):
    event = make_event(organizer=organizer, title="Nocny druk")
    facts = {"at": timezone.now(), "let_in": True, "outcome": "used", "device": "Gate 1"}
    Scan.objects.create(event=event, nonce="one", **facts)
    assert [organizer_news.queue_due_mails(), organizer_news.queue_due_mails()] == [1, 0]
    Scan.objects.create(event=event, nonce="two", **facts)
    later(organizer_news.PAUSE)
    assert organizer_news.queue_due_mails() == 1
    letters = letters_to(organizer.email)
    assert [letter.subject for letter in letters] == ["Nocny druk: 1 conflict at the door"] * 2
    assert f"/organizer/events/{event.pk}/conflicts/" in letters[0].body


# --- When it is 8:00 ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "now", "morning"),
    [
        ("Europe/Warsaw", "2026-11-30T07:30:00+00:00", "2026-11-30T07:00:00+00:00"),
        ("Europe/Warsaw", "2026-11-30T06:30:00+00:00", "2026-11-29T07:00:00+00:00"),
        ("America/New_York", "2026-11-30T07:30:00+00:00", "2026-11-29T13:00:00+00:00"),
        ("Pacific/Auckland", "2026-11-30T20:00:00+00:00", "2026-11-30T19:00:00+00:00"),
        # The nights in which the clocks change: 8:00 is 23 and 25 hours after 8:00.
        ("Europe/Warsaw", "2026-03-29T07:00:00+00:00", "2026-03-29T06:00:00+00:00"),
        ("Europe/Warsaw", "2026-03-29T05:00:00+00:00", "2026-03-28T07:00:00+00:00"),
        ("Europe/Warsaw", "2026-10-25T08:00:00+00:00", "2026-10-25T07:00:00+00:00"),
        ("Europe/Warsaw", "2026-10-25T06:30:00+00:00", "2026-10-24T06:00:00+00:00"),
        ("", "2026-11-30T07:30:00+00:00", "2026-11-30T07:00:00+00:00"),
        ("Mars/Olympus", "2026-11-30T07:30:00+00:00", "2026-11-30T07:00:00+00:00"),
    ],
)
def test_daily_mail_uses_the_zone_of_the_person(zone, now, morning):
    there = organizer_news.last_morning(User(time_zone=zone), datetime.fromisoformat(now))
    assert there == datetime.fromisoformat(morning)


def test_daily_mail_is_sent_after_the_morning_only(organizer, monkeypatch):
    prefers(organizer, "daily", time_zone="Asia/Tokyo")
    event = make_event(
        organizer=organizer,
        admission="automatic",
        start_time=datetime(2099, 6, 1, 12, tzinfo=ZoneInfo("Asia/Tokyo")),
    )
    ask(event, 1)
    noted = datetime(2026, 12, 1, 22, 0, tzinfo=ZoneInfo("Asia/Tokyo"))
    EventNews.objects.update(since=noted)
    told = []
    for hour in (23, 31, 32, 33):
        moment = noted.replace(hour=0) + timedelta(hours=hour)
        monkeypatch.setattr(organizer_news.timezone, "now", lambda moment=moment: moment)
        told.append(organizer_news.queue_due_mails())
    assert told == [0, 0, 1, 0]
