"""The editor asks before guests get a mail about a change, and publishes."""

from datetime import UTC, datetime

import pytest

from events import date_text
from events.models import Event
from tests.support.factories import make_event, make_reservation
from tests.support.markup import only, words
from tests.support.panel_pages import NEW, TYPED, edit_url, live_url, toasts

pytestmark = pytest.mark.django_db


def test_saving_says_how_many_guests_hear_of_another_time_or_place(client, organizer):
    event = make_event(organizer=organizer)
    for _ in range(2):
        make_reservation(event)
    for place, said in (
        ("Elsewhere", "Saved. 2 guests get a mail about the change."),
        ("Elsewhere", "Saved."),
    ):
        response = client.post(
            edit_url(event), {**TYPED, "location": place, "confirm_move": "on", "action": "save"}
        )
        assert toasts(client.get(response.url)) == [said]


def test_editor_asks_before_guests_get_a_mail_about_another_time_or_place(client, organizer):
    event = make_event(organizer=organizer, location="Ruska 46c")
    make_reservation(event, status="confirmed")
    make_reservation(event)
    before = event.start_time
    asked = client.post(edit_url(event), {**TYPED, "action": "save"})
    assert (asked.status_code, asked.context["form"].errors) == (422, {})
    question = words(only(asked, "//form//div[@role='alert']"))
    assert "Not saved yet: 2 guests will get a mail about the new time or place." in question
    assert (
        f"Until now: {date_text.day(event.local_start)}, {date_text.hours(event)}, Ruska 46c"
        in question
    )
    assert only(asked, "//input[@name='start_time']").get("value") == "2036-12-12T18:00"
    event.refresh_from_db()
    assert event.start_time == before
    client.post(edit_url(event), {**TYPED, "confirm_move": "on", "action": "save"})
    event.refresh_from_db()
    assert event.start_time == datetime(2036, 12, 12, 17, tzinfo=UTC)


def test_publishing_what_is_published_already_asks_before_guests_get_a_mail(client, organizer):
    """The editor was opened while the event was a draft; it was published elsewhere since."""
    event = make_event(organizer=organizer)
    make_reservation(event, status="confirmed")
    before = event.start_time
    asked = client.post(edit_url(event), {**TYPED, "action": "publish"})
    assert asked.status_code == 422
    question = words(only(asked, "//form//div[@role='alert']"))
    assert "Not saved yet: 1 guest will get a mail about the new time or place." in question
    event.refresh_from_db()
    assert event.start_time == before
    said = client.post(edit_url(event), {**TYPED, "confirm_move": "on", "action": "publish"})
    event.refresh_from_db()
    assert event.start_time == datetime(2036, 12, 12, 17, tzinfo=UTC)
    assert toasts(client.get(said.url)) == ["Saved. 1 guest gets a mail about the change."]


def test_publishing_what_is_published_already_into_the_past_can_be_confirmed(client, organizer):
    event = make_event(organizer=organizer)
    past = {"start_time": "2020-01-10T18:00", "end_time": "2020-01-10T22:00", "action": "publish"}
    assert client.post(edit_url(event), {**TYPED, **past}).status_code == 422
    assert client.post(edit_url(event), {**TYPED, **past, "confirm_past": "on"}).status_code == 302


@pytest.mark.parametrize("status", ["draft", "published"])
def test_editor_asks_nothing_where_nobody_gets_a_mail(client, organizer, status):
    event = make_event(organizer=organizer, status=status)
    response = client.post(edit_url(event), {**TYPED, "action": "save"})
    assert (response.status_code, toasts(client.get(response.url))) == (302, ["Saved."])


def test_editor_asks_nothing_about_another_text(client, organizer):
    event = make_event(organizer=organizer)
    make_reservation(event)
    same = {"location": event.location} | {
        f"{end}_time": getattr(event, f"local_{end}").strftime("%Y-%m-%dT%H:%M")
        for end in ("start", "end")
    }
    response = client.post(
        edit_url(event), {**TYPED, **same, "description": "Bring a friend.", "action": "save"}
    )
    assert (response.status_code, toasts(client.get(response.url))) == (302, ["Saved."])


def test_publishing_a_new_event_opens_it_at_once(client, organizer):
    response = client.post(NEW, {**TYPED, "action": "publish"})
    event = Event.objects.get()
    assert (response.url, event.status) == (live_url(event), "published")
