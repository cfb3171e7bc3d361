"""Events over the API: every row of the contract's table of events."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from events.models import Event
from tests.eventflow.api.clients import Api, data, errors, refused, rows
from tests.support.factories import (
    make_admin,
    make_event,
    make_organizer,
    make_person,
    make_reservation,
)
from tests.support.mailbox import letters_to
from tickets.models import Reservation

pytestmark = pytest.mark.django_db
EVENT = {
    "id",
    "title",
    "description",
    "location",
    "start_time",
    "end_time",
    "seats_limit",
    "organizer",
    "status",
}
OURS = {
    "organizer_name",
    "contact_email",
    "time_zone",
    "admission",
    "confirmed_count",
    "pending_count",
    "checked_in_count",
    "spots_left",
    "url",
}
CREATE = "/events/organizer/events/create/"
HUGE = 10**30


def fields(**changes):
    return {
        "title": "Night Print",
        "location": "Ruska 46c",
        "start_time": "2030-06-01T18:00:00+02:00",
        "end_time": "2030-06-01T22:00:00+02:00",
        "seats_limit": 24,
        **changes,
    }


def moment(text):
    return datetime.fromisoformat(text)


# --- what everybody sees ---


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


# --- the filters ---


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


# --- creating ---


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


# --- those who may, and those who may not ---


DEEDS = [
    ("get", "/events/organizer/{}/edit/"),
    ("patch", "/events/organizer/{}/edit/"),
    ("post", "/events/organizer/{}/publish/"),
    ("post", "/events/organizer/{}/cancel/"),
]


@pytest.mark.parametrize(("method", "path"), DEEDS)
def test_event_is_managed_by_its_organizer_and_admins(method, path):
    event = make_event(title="Secret", status="draft")
    page = path.format(event.pk)
    for stranger in (Api(make_organizer()), Api(make_person())):
        answer = getattr(stranger, method)(page)
        assert refused(answer) == (403, "forbidden")
        assert "Secret" not in answer.text
    assert refused(getattr(Api(), method)(page)) == (401, "not_authenticated")
    assert Event.objects.get().status == "draft"
    for manager in (event.organizer, make_admin()):
        assert data(getattr(Api(manager), method)(page))["id"] == event.pk
        for pk in (999_999, HUGE):
            assert refused(getattr(Api(manager), method)(path.format(pk))) == (404, "not_found")


def test_create_is_for_organizers():
    assert refused(Api(make_person()).post(CREATE, fields())) == (403, "forbidden")
    assert refused(Api().post(CREATE, fields())) == (401, "not_authenticated")
    assert not Event.objects.exists()


# --- changing ---


def test_edit_changes_what_is_sent_and_keeps_the_rest():
    event = make_event(description="Ink")
    shown = data(
        Api(event.organizer).patch(
            f"/events/organizer/{event.pk}/edit/", {"title": "Day Print", "status": "cancelled"}
        )
    )
    assert (shown["title"], shown["description"], shown["status"], shown["seats_limit"]) == (
        "Day Print",
        "Ink",
        "published",
        24,
    )
    assert data(Api(event.organizer).get(f"/events/organizer/{event.pk}/edit/")) == shown


def test_edit_reads_times_without_offset_on_the_event_s_own_clock():
    event = make_event(time_zone="America/New_York", start_time=moment("2030-06-01T18:00:00-04:00"))
    edit = f"/events/organizer/{event.pk}/edit/"
    data(Api(event.organizer).patch(edit, {"end_time": "2030-06-02T06:00:00"}))
    assert Event.objects.get().end_time == moment("2030-06-02T06:00:00-04:00")
    data(
        Api(event.organizer).patch(
            edit,
            {
                "end_time": "2030-06-02T06:00:00",
                "time_zone": "Asia/Tokyo",
                "start_time": "2030-06-01T07:00:00",
            },
        )
    )
    assert Event.objects.get().end_time == moment("2030-06-02T06:00:00+09:00")
    # In New York there is no such hour that night, in Warsaw there is.
    assert errors(
        Api(event.organizer).patch(
            edit, {"start_time": "2030-03-10T02:30:00", "time_zone": "America/New_York"}
        )
    ).keys() == {"start_time"}
    data(
        Api(event.organizer).patch(
            edit, {"start_time": "2030-03-10T02:30:00", "time_zone": "Europe/Warsaw"}
        )
    )


def test_edit_by_an_admin_leaves_the_event_its_organizer():
    event, admin = make_event(), make_admin()
    shown = data(
        Api(admin).patch(
            f"/events/organizer/{event.pk}/edit/",
            {"title": "Day Print", "organizer": admin.pk, "id": 7, "confirmed_count": 9},
        )
    )
    assert (shown["id"], shown["title"], shown["organizer"], shown["confirmed_count"]) == (
        event.pk,
        "Day Print",
        event.organizer_id,
        0,
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"title": ""},
        {"seats_limit": HUGE},
        {"title": "Day Print", "admission": "lottery"},
        {"start_time": "soon"},
    ],
)
def test_edit_changes_nothing_when_part_of_it_makes_no_sense(changes):
    event = make_event()
    before = Event.objects.values().get()
    assert errors(Api(event.organizer).patch(f"/events/organizer/{event.pk}/edit/", changes))
    assert Event.objects.values().get() == before


@pytest.mark.parametrize("message", ["x" * 2001, "\x00", "\ud800", {"en": "x"}, None])
def test_cancel_refuses_a_message_that_makes_no_sense(message):
    event = make_event()
    assert errors(
        Api(event.organizer).post(f"/events/organizer/{event.pk}/cancel/", {"message": message})
    ).keys() == {"message"}
    assert Event.objects.get().status == "published"


def test_edit_refuses_what_does_not_fit_the_rest():
    event = make_event()
    edit = f"/events/organizer/{event.pk}/edit/"
    answer = Api(event.organizer).patch(
        edit, {"end_time": (event.start_time - timedelta(hours=1)).isoformat()}
    )
    assert refused(answer) == (400, "bad_times")
    assert errors(Api(event.organizer).patch(edit, {"seats_limit": 0})).keys() == {"seats_limit"}


def test_edit_never_takes_a_seat_that_is_given():
    event = make_event(seats_limit=3)
    for _ in range(2):
        make_reservation(event, status="confirmed")
    edit = f"/events/organizer/{event.pk}/edit/"
    answer = Api(event.organizer).patch(edit, {"seats_limit": 1})
    assert refused(answer) == (400, "seats_limit_below_confirmed")
    assert answer.json()["errors"].keys() == {"seats_limit"}
    assert data(Api(event.organizer).patch(edit, {"seats_limit": 2}))["spots_left"] == 0


def test_edit_gives_added_seats_to_the_head_of_an_automatic_queue():
    event = make_event(seats_limit=1, admission="automatic")
    _inside, head = make_reservation(event), make_reservation(event)
    shown = data(
        Api(event.organizer).patch(f"/events/organizer/{event.pk}/edit/", {"seats_limit": 2})
    )
    assert (shown["confirmed_count"], shown["pending_count"]) == (2, 0)
    assert Reservation.objects.get(pk=head.pk).is_confirmed


def test_edit_refuses_a_cancelled_event():
    event = make_event(status="cancelled")
    assert refused(
        Api(event.organizer).patch(f"/events/organizer/{event.pk}/edit/", {"title": "x"})
    ) == (400, "event_cancelled")


def test_publish_opens_a_draft_and_again_changes_nothing():
    event = make_event(status="draft")
    publish = f"/events/organizer/{event.pk}/publish/"
    first = data(Api(event.organizer).post(publish))
    since = Event.objects.get().published_at
    assert (first["status"], data(Api(event.organizer).post(publish))) == ("published", first)
    assert Event.objects.get().published_at == since


def test_publish_refuses_what_is_cancelled_or_over():
    cancelled = make_event(status="cancelled")
    assert refused(Api(cancelled.organizer).post(f"/events/organizer/{cancelled.pk}/publish/")) == (
        400,
        "event_cancelled",
    )
    over = make_event(status="draft", start_time=timezone.now() - timedelta(days=2))
    answer = Api(over.organizer).post(f"/events/organizer/{over.pk}/publish/")
    assert refused(answer) == (400, "event_over")
    assert answer.json()["errors"].keys() == {"end_time"}


def test_cancel_sends_everybody_home_and_tells_them_once():
    event = make_event()
    guests = [
        make_reservation(event, make_person(email=f"{status}@example.org"), status=status)
        for status in ("pending", "confirmed")
    ]
    cancel = f"/events/organizer/{event.pk}/cancel/"
    shown = data(Api(event.organizer).post(cancel, {"message": "The cellar is under water."}))
    assert (shown["status"], shown["confirmed_count"], shown["pending_count"]) == (
        "cancelled",
        0,
        0,
    )
    assert data(Api(event.organizer).post(cancel)) == shown
    assert {
        r.status for r in Reservation.objects.filter(pk__in=[guest.pk for guest in guests])
    } == {"rejected"}
    for status in ("pending", "confirmed"):
        last = letters_to(f"{status}@example.org")[-1]
        assert "The cellar is under water." in last.body
        assert [letter.subject for letter in letters_to(f"{status}@example.org")].count(
            last.subject
        ) == 1


def test_my_events_and_metrics_show_what_the_caller_manages():
    mine = make_event(title="Mine", status="draft", seats_limit=5)
    other = make_event(title="Somebody else's")
    shown = rows(Api(mine.organizer).get("/events/organizer/my-events-list/"))
    assert [row["id"] for row in shown] == [mine.pk]
    assert shown[0].keys() == EVENT | OURS
    numbers = rows(Api(mine.organizer).get("/events/organizer/metrics/"))
    assert [row["event_id"] for row in numbers] == [mine.pk]
    counts = {
        name: numbers[0][name]
        for name in ("confirmed_count", "pending_count", "checked_in_count", "spots_left")
    }
    assert counts == {
        "confirmed_count": 0,
        "pending_count": 0,
        "checked_in_count": 0,
        "spots_left": 5,
    }
    for page in ("/events/organizer/my-events-list/", "/events/organizer/metrics/"):
        assert {row["id"] for row in rows(Api(make_admin()).get(page))} == {mine.pk, other.pk}
        assert refused(Api(make_person()).get(page)) == (403, "forbidden")
        assert refused(Api().get(page)) == (401, "not_authenticated")


def test_contact_email_is_written_read_and_kept_in_one_spelling():
    organizer = make_organizer()
    made = data(Api(organizer).post(CREATE, fields(contact_email="Studio@Example.org")), 201)
    assert made["contact_email"] == "studio@example.org"
    url = f"/events/organizer/{made['id']}/edit/"
    assert data(Api(organizer).patch(url, {"contact_email": ""}))["contact_email"] == ""
    answer = Api(organizer).patch(url, {"contact_email": "nobody"})
    assert (answer.status_code, [*answer.json()["errors"]]) == (400, ["contact_email"])


@pytest.mark.parametrize("text", ["\u200b\u200b", "\u3164", "Night\nPrint", "Night\u2028Print"])
@pytest.mark.parametrize("field", ["title", "location"])
def test_title_or_place_that_is_invisible_or_of_two_lines_is_refused(field, text):
    event = make_event(status="draft")
    api = Api(event.organizer)
    assert errors(api.post(CREATE, fields(**{field: text}))).keys() == {field}
    assert errors(api.patch(f"/events/organizer/{event.pk}/edit/", {field: text})).keys() == {field}
    assert (
        data(
            api.post(CREATE, fields(**{field: f" {field}\n", "description": "Ink\nand paper"})), 201
        )[field]
        == field
    )
