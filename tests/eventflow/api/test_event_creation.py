"""Events over the API as an organizer makes them, and what a body may hold."""

import pytest

from events.models import Event
from tests.eventflow.api.clients import Api, data, errors, refused
from tests.eventflow.api.event_data import CREATE, EVENT, OURS, fields
from tests.eventflow.api.values import HUGE, moment
from tests.support.factories import make_admin, make_organizer

pytestmark = pytest.mark.django_db


def test_create_makes_a_draft_of_the_callers():
    organizer = make_organizer()
    shown = data(
        Api(organizer).post(
            CREATE,
            fields(
                status="published", organizer=make_organizer().pk, confirmed_count=7, shoe_size=43
            ),
        ),
        201,
    )
    assert shown.keys() == EVENT | OURS
    event = Event.objects.get()
    assert (shown["id"], shown["status"], shown["organizer"], shown["confirmed_count"]) == (
        event.pk,
        "draft",
        organizer.pk,
        0,
    )
    assert (event.title, event.description, event.time_zone, event.admission) == (
        "Night Print",
        "",
        "Europe/Warsaw",
        "approval",
    )
    assert event.start_time == moment("2030-06-01T18:00:00+02:00")


def test_create_takes_everything_that_an_event_says():
    said = fields(
        description="Ink", time_zone="America/New_York", admission="automatic", seats_limit=1
    )
    shown = data(Api(make_admin()).post(CREATE, said), 201)
    assert {name: shown[name] for name in said if "_time" not in name} == {
        name: said[name] for name in said if "_time" not in name
    }


def test_time_without_offset_is_on_the_clock_of_the_event():
    said = fields(
        start_time="2030-06-01T18:00:00",
        end_time="2030-06-01T20:00:00",
        time_zone="America/New_York",
    )
    data(Api(make_organizer()).post(CREATE, said), 201)
    assert Event.objects.get().start_time == moment("2030-06-01T18:00:00-04:00")


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"title": ""}, {"title"}),
        ({"title": None}, {"title"}),
        ({"title": "x" * 201}, {"title"}),
        ({"title": "\x00"}, {"title"}),
        ({"title": "\ud800"}, {"title"}),
        ({"title": {"en": "x"}}, {"title"}),
        ({"title": "\u200b\x00"}, {"title"}),
        ({"location": " "}, {"location"}),
        ({"location": "x" * 201}, {"location"}),
        ({"description": "\x00"}, {"description"}),
        ({"description": "\udfff"}, {"description"}),
        ({"description": "x" * 20_001}, {"description"}),
        ({"start_time": "soon"}, {"start_time"}),
        ({"start_time": "1999-12-31T00:00:00Z"}, {"start_time"}),
        ({"end_time": "2200-01-02T00:00:00Z"}, {"end_time"}),
        ({"end_time": "9999-12-31T23:59:59-12:00"}, {"end_time"}),
        ({"start_time": "2030-03-31T02:30:00"}, {"start_time"}),
        ({"start_time": "2029-10-28T02:30:00"}, {"start_time"}),
        ({"start_time": None}, {"start_time"}),
        ({"start_time": 1900000000}, {"start_time"}),
        ({"end_time": "2030-13-01"}, {"end_time"}),
        ({"seats_limit": 0}, {"seats_limit"}),
        ({"seats_limit": -1}, {"seats_limit"}),
        ({"seats_limit": 1_000_001}, {"seats_limit"}),
        ({"seats_limit": HUGE}, {"seats_limit"}),
        ({"seats_limit": None}, {"seats_limit"}),
        ({"seats_limit": "\x00"}, {"seats_limit"}),
        ({"seats_limit": "many"}, {"seats_limit"}),
        ({"seats_limit": 1.5}, {"seats_limit"}),
        ({"time_zone": "Mars/Olympus"}, {"time_zone"}),
        ({"time_zone": "../../etc/passwd"}, {"time_zone"}),
        ({"time_zone": 7}, {"time_zone"}),
        ({"time_zone": ["Europe/Warsaw"]}, {"time_zone"}),
        ({"admission": "lottery"}, {"admission"}),
        ({"admission": None}, {"admission"}),
        ({"title": "", "seats_limit": 0}, {"title", "seats_limit"}),
    ],
)
def test_create_refuses_field_by_field(changes, names):
    assert errors(Api(make_organizer()).post(CREATE, fields(**changes))).keys() == names
    assert not Event.objects.exists()


@pytest.mark.parametrize("name", ["title", "location", "start_time", "end_time", "seats_limit"])
def test_create_asks_for_what_is_missing(name):
    said = fields()
    del said[name]
    assert errors(Api(make_organizer()).post(CREATE, said)) == {name: ["This field is required."]}


@pytest.mark.parametrize("end", ["2030-06-01T18:00:00+02:00", "2030-06-01T17:00:00+02:00"])
def test_create_refuses_an_end_that_is_not_after_the_start(end):
    answer = Api(make_organizer()).post(CREATE, fields(end_time=end))
    assert refused(answer) == (400, "bad_times")
    assert answer.json()["errors"] == {"end_time": ["The end must be after the start."]}


@pytest.mark.parametrize("body", [[], "text", 7, None])
def test_create_refuses_a_body_that_is_no_object(body):
    assert errors(Api(make_organizer()).post(CREATE, body))
