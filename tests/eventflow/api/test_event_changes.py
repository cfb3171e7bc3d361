"""Events over the API as an organizer changes and removes them, and who may."""

from datetime import timedelta

import pytest
from django.utils import timezone

from events.models import Event
from tests.eventflow.api.clients import Api, data, errors, refused, rows
from tests.eventflow.api.event_data import CREATE, EVENT, OURS, fields
from tests.eventflow.api.values import HUGE, moment
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


# --- those who may, and those who may not ---------------------------------------------------------
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


# --- changing -------------------------------------------------------------------------------------


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


@pytest.mark.both
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


@pytest.mark.both
def test_edit_never_takes_a_seat_that_is_given():
    event = make_event(seats_limit=3)
    for _ in range(2):
        make_reservation(event, status="confirmed")
    edit = f"/events/organizer/{event.pk}/edit/"
    answer = Api(event.organizer).patch(edit, {"seats_limit": 1})
    assert refused(answer) == (400, "seats_limit_below_confirmed")
    assert answer.json()["errors"].keys() == {"seats_limit"}
    assert data(Api(event.organizer).patch(edit, {"seats_limit": 2}))["spots_left"] == 0


@pytest.mark.both
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


@pytest.mark.both
def test_cancel_rejects_every_active_reservation_and_mails_once():
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


@pytest.mark.both
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
