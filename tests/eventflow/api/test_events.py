"""Events over the API as everybody sees them: the list, its filters, and one event."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.eventflow.api.clients import Api, data, errors, refused, rows
from tests.eventflow.api.event_data import EVENT, OURS
from tests.eventflow.api.values import HUGE, moment
from tests.support.factories import (
    make_admin,
    make_event,
    make_organizer,
    make_person,
    make_reservation,
)

pytestmark = pytest.mark.django_db


# --- what everybody sees --------------------------------------------------------------------------


def test_list_shows_what_is_published_and_to_come_soonest_first():
    now = timezone.now()
    later, sooner = (
        make_event(title="Later", start_time=now + timedelta(days=9)),
        make_event(title="Sooner", start_time=now + timedelta(days=2)),
    )
    past = make_event(title="Past", start_time=now - timedelta(days=2))
    make_event(title="Secret draft", status="draft")
    make_event(title="Called off", status="cancelled")
    answer = Api().get("/events/")
    assert [row["id"] for row in rows(answer)] == [sooner.pk, later.pk]
    assert [row["id"] for row in rows(Api().get("/events/", past="true"))] == [past.pk]
    assert (
        "Secret draft"
        not in Api(make_organizer()).get("/events/").text + Api(make_admin()).get("/events/").text
    )


def test_event_has_the_fields_of_the_contract(settings):
    event = make_event(
        seats_limit=3,
        organizer=make_organizer("Paweł Ostrowski"),
        description="Ink",
        admission="automatic",
    )
    make_reservation(event)
    shown = data(Api().get(f"/events/{event.pk}/"))
    assert shown.keys() == EVENT | OURS
    assert moment(shown.pop("start_time")) == event.start_time
    assert moment(shown.pop("end_time")) == event.end_time
    assert shown == {
        "id": event.pk,
        "title": "Night Print",
        "description": "Ink",
        "location": "Ruska 46c, Wrocław",
        "seats_limit": 3,
        "organizer": event.organizer_id,
        "status": "published",
        "organizer_name": "Paweł Ostrowski",
        "contact_email": "",
        "time_zone": "Europe/Warsaw",
        "admission": "automatic",
        "confirmed_count": 1,
        "pending_count": 0,
        "checked_in_count": 0,
        "spots_left": 2,
        "url": f"{settings.SITE_URL}/events/{event.pk}/",
    }


def test_organizer_without_a_name_is_not_named_by_address():
    event = make_event(organizer=make_organizer("", email="private@example.org"))
    answer = Api().get(f"/events/{event.pk}/")
    assert data(answer)["organizer_name"] == ""
    assert "private@example.org" not in answer.text


def test_draft_is_visible_to_its_organizer_and_admins_only():
    draft = make_event(title="Secret", status="draft")
    for page in (f"/events/{draft.pk}/", f"/events/{draft.pk}/availability/"):
        assert (
            data(Api(draft.organizer).get(page))["id"]
            == data(Api(make_admin()).get(page))["id"]
            == draft.pk
        )
        for stranger in (Api(), Api(make_person()), Api(make_organizer())):
            answer = stranger.get(page)
            assert refused(answer) == (404, "not_found")
            assert "Secret" not in answer.text


@pytest.mark.parametrize("page", ["/events/{}/", "/events/{}/availability/"])
@pytest.mark.parametrize("pk", [0, 999_999, HUGE])
def test_unknown_event_is_not_found(page, pk):
    assert refused(Api().get(page.format(pk))) == (404, "not_found")


def test_availability_counts_the_seats():
    event = make_event(seats_limit=3)
    make_reservation(event, status="confirmed")
    make_reservation(event)
    assert data(Api().get(f"/events/{event.pk}/availability/")) == {
        "id": event.pk,
        "seats_limit": 3,
        "confirmed_seats": 1,
        "spots_left": 2,
    }


def test_is_organizer_says_whether_the_caller_may_create_events():
    answers = [
        data(Api(make()).get("/events/is-organizer/"))
        for make in (make_person, make_organizer, make_admin)
    ]
    assert answers == [{"is_organizer": False}, {"is_organizer": True}, {"is_organizer": True}]
    assert refused(Api().get("/events/is-organizer/")) == (401, "not_authenticated")


# --- the filters ----------------------------------------------------------------------------------


@pytest.fixture
def programme():
    """{name: event} of three events."""
    organizer = make_organizer("Łucja Ćwik")
    return {
        "a": make_event(
            title="Żółta noc",
            location="Wrocław",
            start_time=moment("2030-06-01T18:00:00+02:00"),
            organizer=organizer,
        ),
        "b": make_event(
            title="Dzień druku", location="Łódź", start_time=moment("2030-06-02T00:00:00+02:00")
        ),
        "c": make_event(
            title="Warsztat",
            location="wrocław, Ruska",
            start_time=moment("2030-06-02T23:30:00+02:00"),
            description="noc",
        ),
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, "abc"),
        ({"location": "WROCŁAW"}, "ac"),
        ({"location": "ruska wrocław"}, "c"),
        ({"q": "NOC"}, "ac"),
        ({"q": "żółta"}, "a"),
        ({"q": "ćwik"}, "a"),
        ({"q": "noc ruska"}, "c"),
        ({"q": ""}, "abc"),
        ({"q": "%"}, ""),
        ({"start_time": "2030-06-02"}, "bc"),
        ({"start_time": "2030-06-01T18:00:00+02:00"}, "a"),
        ({"start_time": "2030-06-01T16:00:00Z"}, "a"),
        ({"start_time": "2030-06-01T18:00:00 02:00"}, "a"),
        ({"start_after": "2030-06-02"}, "bc"),
        ({"start_after": "2030-06-02T00:00:01+02:00"}, "c"),
        ({"start_before": "2030-06-02T23:30:00+02:00"}, "abc"),
        ({"start_before": "2030-06-01"}, ""),
        (
            {"start_after": "2030-06-01", "start_before": "2030-06-01T20:00:00+02:00", "q": "noc"},
            "a",
        ),
        ({"organizer": ""}, "abc"),
        ({"past": "true"}, ""),
        ({"unknown": "x"}, "abc"),
    ],
)
def test_filters_find_what_they_name(programme, query, found):
    names = {event.pk: name for name, event in programme.items()}
    assert "".join(names[row["id"]] for row in rows(Api().get("/events/", **query))) == found


def test_filter_by_organizer(programme):
    assert [
        row["id"] for row in rows(Api().get("/events/", organizer=programme["a"].organizer_id))
    ] == [programme["a"].pk]
    assert rows(Api().get("/events/", organizer=999_999)) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("organizer", "x"),
        ("organizer", "0"),
        ("organizer", str(HUGE)),
        ("start_time", "tomorrow"),
        ("start_time", "2030-13-01"),
        ("start_after", "9999-12-31"),
        ("start_after", "0001-01-01"),
        ("start_before", "0001-01-01T00:00:00Z"),
        ("start_before", "9999-12-31T23:59:59Z"),
        ("start_before", "\x00"),
        ("past", "perhaps"),
        ("q", "\x00"),
        ("q", "x" * 201),
        ("location", "x" * 201),
        ("page", "0"),
        ("page", "x"),
        ("page_size", "0"),
        ("page_size", "x"),
    ],
)
def test_filters_that_make_no_sense_are_refused_by_name(name, value):
    assert errors(Api().get("/events/", **{name: value})).keys() == {name}
