"""The editor of an event: its fields, its errors, and what it saves."""

from datetime import UTC, datetime, timedelta

import pytest
from django.forms import ChoiceField
from django.utils import timezone

from events.forms.editor import EventForm, new_event_values, zone_choices
from events.models import Event
from tests.support.factories import make_event, make_reservation
from tests.support.markup import all_words, has_class, only, tree, words
from tests.support.page_checks import inline_code_in
from tests.support.panel_pages import (
    HTMX,
    NEW,
    PANEL,
    TYPED,
    cancel_url,
    edit_url,
    errors,
    live_url,
    toasts,
)

pytestmark = pytest.mark.django_db


def test_new_event_form_proposes_next_saturday_evening(client, organizer):
    guess = new_event_values()
    assert (guess["start_time"].weekday(), guess["start_time"].hour, guess["end_time"].hour) == (
        5,
        18,
        20,
    )
    assert (
        timezone.localdate()
        < guess["start_time"].date()
        <= timezone.localdate() + timedelta(days=7)
    )
    response = client.get(NEW)
    assert (
        only(response, "//input[@name='start_time']").get("value")
        == f"{guess['start_time']:%Y-%m-%dT%H:%M}"
    )
    assert (
        only(response, "//select[@name='time_zone']//option[@selected]").get("value")
        == "Europe/Warsaw"
    )
    assert only(response, "//input[@name='admission' and @checked]").get("value") == "approval"
    assert all_words(response, f"//div[{has_class('action-bar')}]//*[{has_class('button')}]") == [
        "Publish",
        "Save draft",
    ]


def test_saving_a_new_event_makes_a_draft_on_the_clock_of_its_zone(client, organizer):
    response = client.post(NEW, {**TYPED, "time_zone": "America/New_York", "action": "save"})
    event = Event.objects.get()
    assert response.url == edit_url(event)
    assert (event.status, event.organizer, event.seats_limit, event.admission) == (
        "draft",
        organizer,
        24,
        "automatic",
    )
    assert (event.start_time, event.end_time) == (
        datetime(2036, 12, 12, 23, tzinfo=UTC),
        datetime(2036, 12, 13, 3, tzinfo=UTC),
    )
    again = client.get(response.url)
    assert only(again, "//input[@name='start_time']").get("value") == "2036-12-12T18:00"
    assert (
        only(again, "//select[@name='time_zone']//option[@selected]").get("value")
        == "America/New_York"
    )
    assert toasts(again) == ["Saved."]


def test_editing_changes_what_was_typed_and_nothing_else(client, organizer):
    event = make_event(organizer=organizer)
    reservation = make_reservation(event, status="confirmed")
    response = client.post(
        edit_url(event),
        {
            **TYPED,
            "status": "cancelled",
            "organizer": reservation.person_id,
            "confirmed_count": "9",
            "confirm_move": "on",
            "action": "save",
        },
    )
    assert response.url == edit_url(event)
    event.refresh_from_db()
    assert (
        event.title,
        event.description,
        event.status,
        event.organizer,
        event.confirmed_count,
    ) == ("Night Print", "Bring an apron.", "published", organizer, 1)
    assert event.start_time == datetime(2036, 12, 12, 17, tzinfo=UTC)


def test_moving_an_event_to_another_zone_keeps_the_hour_on_the_wall(client, organizer):
    event = make_event(organizer=organizer, start_time=datetime(2036, 12, 12, 17, tzinfo=UTC))
    shown = tree(client.get(edit_url(event)))
    start = shown.xpath("//input[@name='start_time']")[0].get("value")
    client.post(edit_url(event), {**TYPED, "start_time": start, "time_zone": "Asia/Tokyo"})
    event.refresh_from_db()
    assert event.start_time == datetime(2036, 12, 12, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "field", "message"),
    [
        ({"title": ""}, "title", "Enter what the event is called."),
        (
            {"title": "x" * 201},
            "title",
            "Ensure this value has at most 200 characters (it has 201).",
        ),
        ({"title": "\u200b\u2060"}, "title", "Enter what the event is called."),
        ({"title": "Night\nPrint"}, "title", "Write it in one line."),
        ({"location": " "}, "location", "Enter where it happens."),
        ({"location": "\u3164"}, "location", "Enter where it happens."),
        ({"seats_limit": ""}, "seats_limit", "Enter how many people can come, as a number."),
        ({"seats_limit": "many"}, "seats_limit", "Enter a number, like 24."),
        ({"seats_limit": "0"}, "seats_limit", "Ensure this value is greater than or equal to 1."),
        (
            {"seats_limit": "1000001"},
            "seats_limit",
            "Ensure this value is less than or equal to 1000000.",
        ),
        ({"start_time": ""}, "start_time", "Choose a day and a time."),
        ({"start_time": "tomorrow"}, "start_time", "Choose a day and a time."),
        ({"start_time": "0001-01-01T00:00"}, "start_time", "Enter a year between 2000 and 2199."),
        ({"end_time": "9999-12-31T23:59"}, "end_time", "Enter a year between 2000 and 2199."),
        ({"end_time": "2036-12-12T18:00"}, "end_time", "The end must be after the start."),
        ({"end_time": "2036-12-12T17:00"}, "end_time", "The end must be after the start."),
        (
            {"admission": "lottery"},
            "admission",
            "Select a valid choice. lottery is not one of the available choices.",
        ),
        (
            {"hue": "mauve"},
            "hue",
            "Select a valid choice. mauve is not one of the available choices.",
        ),
        ({"pattern": ""}, "pattern", "This field is required."),
        (
            {"start_time": "2036-03-30T02:30", "end_time": "2036-03-30T05:00"},
            "start_time",
            (
                "The clocks go forward that night, so there is no 02:30 in Europe/Warsaw. "
                "Choose a time an hour earlier or later."
            ),
        ),
        (
            {"start_time": "2036-10-25T20:00", "end_time": "2036-10-26T02:30"},
            "end_time",
            (
                "The clocks go back that night, so 02:30 happens twice in Europe/Warsaw. "
                "Choose a time an hour earlier or later."
            ),
        ),
    ],
)
def test_editor_shows_errors_beside_their_fields_and_saves_nothing(
    client, organizer, typed, field, message
):
    for headers in ({}, HTMX):
        response = client.post(NEW, {**TYPED, **typed, "action": "publish"}, headers=headers)
        assert response.status_code == 422
        assert errors(response) == {f"id_{field}": message}
        assert ("<html" in response.text) == (not headers)
        assert tree(response).xpath(f"//*[@id='id_{field}']")
    assert not Event.objects.exists()


def test_editor_accepts_a_time_that_only_another_zone_skips(client, organizer):
    client.post(
        NEW,
        {
            **TYPED,
            "start_time": "2036-03-30T02:30",
            "end_time": "2036-03-30T05:00",
            "time_zone": "Europe/London",
        },
    )
    assert Event.objects.get().start_time == datetime(2036, 3, 30, 1, 30, tzinfo=UTC)


def test_editor_keeps_the_real_length_across_a_clock_change(client, organizer):
    client.post(NEW, {**TYPED, "start_time": "2036-10-25T20:00", "end_time": "2036-10-26T04:00"})
    event = Event.objects.get()
    assert event.end_time - event.start_time == timedelta(hours=9)


def test_editor_refuses_an_unknown_zone(client, organizer):
    response = client.post(NEW, {**TYPED, "time_zone": "../../etc/passwd"})
    assert list(errors(response)) == ["id_time_zone"]


def test_editor_offers_the_zones_of_every_region():
    groups = dict(zone_choices("Asia/Tokyo"))
    assert [value for value, _name in groups["Often used"]] == [
        "Europe/Warsaw",
        "Asia/Tokyo",
        "UTC",
    ]
    assert ("America/Argentina/Buenos_Aires", "Buenos Aires, Argentina (UTC−3)") in groups[
        "America"
    ]
    assert "Asia/Tokyo" not in dict(groups["Asia"])
    assert sum(len(zones) for zones in groups.values()) > 400


def test_editor_keeps_a_zone_that_the_api_set():
    event = make_event(time_zone="CET")
    zone = EventForm(instance=event).fields["time_zone"]
    assert isinstance(zone, ChoiceField) and zone.valid_value("CET")


def test_seats_below_those_given_are_an_error_of_that_field(client, organizer):
    event = make_event(organizer=organizer)
    make_reservation(event, status="confirmed")
    make_reservation(event, status="confirmed")
    response = client.post(edit_url(event), {**TYPED, "seats_limit": "1"})
    assert (response.status_code, errors(response)) == (
        422,
        {"id_seats_limit": "2 people already have a spot. Enter 2 or more."},
    )
    event.refresh_from_db()
    assert event.seats_limit == 24


def test_editor_neither_saves_nor_publishes_a_past_event(client, organizer):
    past = {"start_time": "2020-01-01T10:00", "end_time": "2020-01-01T12:00"}
    response = client.post(NEW, {**TYPED, **past, "action": "publish"})
    assert errors(response) == {
        "id_end_time": "This event would already be over. Move its dates into the future first."
    }
    assert not Event.objects.exists()
    assert client.post(NEW, {**TYPED, **past, "action": "save"}).status_code == 302


def test_editor_heading_keeps_the_saved_title_beside_errors(client, organizer):
    event = make_event(organizer=organizer, title="Night Print")
    response = client.post(edit_url(event), {**TYPED, "title": "Day Print", "seats_limit": "x"})
    assert (
        words(only(response, "//h1")),
        only(response, "//input[@name='title']").get("value"),
    ) == ("Night Print", "Day Print")


def test_htmx_leaves_the_editor_after_a_save(client, organizer):
    response = client.post(NEW, {**TYPED, "action": "save"}, headers=HTMX)
    assert response["HX-Redirect"] == edit_url(Event.objects.get())


def test_editor_of_a_cancelled_event_has_no_form(client, organizer):
    event = make_event(organizer=organizer, status="cancelled")
    response = client.get(edit_url(event))
    assert not tree(response).xpath("//main//form")
    assert "can no longer be changed" in response.text
    refused = client.post(edit_url(event), TYPED)
    assert refused.status_code == 422
    event.refresh_from_db()
    assert event.description == ""


def test_hostile_text_stays_text_in_the_panel(client, organizer):
    client.post(
        NEW,
        {
            **TYPED,
            "title": '"><script>alert(1)</script>',
            "description": "</textarea><img onerror=x>",
            "location": "<b>",
        },
    )
    event = Event.objects.get()
    for url in (PANEL, edit_url(event), live_url(event), cancel_url(event)):
        response = client.get(url)
        assert inline_code_in(response) == []
        assert "<script>alert" not in response.text
        assert "<img onerror" not in response.text
