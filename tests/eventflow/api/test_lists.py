"""The six lists that existing clients read whole, or page by page; no parameter is ignored."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from eventflow.api import pagination
from tests.eventflow.api.clients import Api, data, refused
from tests.support.check_in import check_in
from tests.support.factories import fill, make_admin, make_event, make_people, make_reservation
from tickets.checkin import undo
from tickets.checkin.access import CheckInActor
from tickets.models import Reservation
from tickets.queue import decisions, registration

pytestmark = pytest.mark.django_db
LISTS = [
    "/my-reservations/",
    "/organizer/reservations/",
    "/events/{event}/participants/",
    "/events/organizer/my-events-list/",
    "/events/organizer/metrics/",
    "/door/events/",
    "/users/admin/users/",
]


@pytest.fixture
def admin():
    """Somebody who sees every list, with 25 rows in each."""
    person = make_admin()
    events = [make_event(organizer=person, seats_limit=100) for _ in range(25)]
    for event in events:
        fill(event, [person])
    fill(events[0], make_people(24))
    return person


def path_of(path):
    return path.format(event=Reservation.objects.earliest("pk").event_id)


def test_list_is_an_array_of_every_row(admin, subtests):
    api = Api(admin)
    for path in map(path_of, LISTS):
        with subtests.test(path):
            answer = api.get(path)
            rows = data(answer)
            assert type(rows) is list
            assert len(rows) >= 25
            assert answer["X-Total-Count"] == str(len(rows))
            assert "Link" not in answer


def test_list_is_a_page_where_one_is_requested(admin, subtests):
    api = Api(admin)
    queries: list[dict[str, Any]] = [{"page": 1}, {"page_size": 3}, {"page": 2, "page_size": 3}]
    for path in map(path_of, LISTS):
        with subtests.test(path):
            for query in queries:
                answer = api.get(path, **query)
                assert data(answer).keys() == {"count", "next", "previous", "results"}
                assert len(data(answer)["results"]) == query.get("page_size", 20)
                assert "X-Total-Count" not in answer


@pytest.mark.both
def test_list_that_is_too_long_links_the_page_of_the_rest(admin, subtests, monkeypatch):
    monkeypatch.setattr(pagination, "MAX_WHOLE_LIST", 20)
    monkeypatch.setattr(pagination, "MAX_PAGE_SIZE", 5)
    api = Api(admin)
    for path in map(path_of, LISTS):
        with subtests.test(path):
            answer = api.get(path)
            first, total = data(answer), int(answer["X-Total-Count"])
            assert len(first) == 20 < total
            url, _, relation = answer["Link"].partition("; ")
            assert relation == 'rel="next"'
            others: list[Any] = []
            url = url.strip("<>")
            while url:
                page = data(api.client.get(url, headers=api.headers))
                others, url = others + page["results"], page["next"]
            ids = {str(row.get("reservation_id") or row["id"]) for row in first + others}
            assert len(first + others) == len(ids) == total


def test_list_refuses_an_unknown_parameter_by_name(admin, subtests):
    api = Api(admin)
    unknown = ("ordering", "limit", "cursor", "updated_since", "Page", "\x00", "x" * 300, "ż")
    for path in map(path_of, LISTS):
        with subtests.test(path):
            for name in unknown:
                query: dict[str, Any] = {name: "1"}
                answer = api.get(path, **query)
                assert refused(answer) == (400, "unknown_parameter")
                assert answer.json()["errors"].keys() == {name[:50]}
                assert "page_size" in answer.json()["message"]


def test_public_list_ignores_unknown_parameters():
    assert data(Api().get("/events/", ordering="title"))["count"] == 0


@pytest.mark.both
def test_whole_list_needs_the_same_queries_at_any_length(admin, subtests):
    api = Api(admin)
    few = {path: queries_of(api, path_of(path)) for path in LISTS}
    event = Reservation.objects.earliest("pk").event
    fill(event, make_people(30))
    for path in LISTS:
        with subtests.test(path):
            assert few[path] == queries_of(api, path_of(path)) <= 4


def queries_of(api, path):
    """How many queries the list takes."""
    with CaptureQueriesContext(connection) as queries:
        data(api.get(path))
    return len(queries)


@pytest.mark.both
def test_my_events_and_their_numbers_begin_with_the_soonest():
    now = timezone.now()
    later, sooner = (make_event(start_time=now + timedelta(days=days)) for days in (9, 3))
    for event in (later, sooner):
        event.organizer = later.organizer
        event.save()
    for path in ("/events/organizer/my-events-list/", "/events/organizer/metrics/"):
        assert [row["id"] for row in data(Api(later.organizer).get(path))] == [sooner.pk, later.pk]


def test_metrics_have_the_location():
    event = make_event()
    (row,) = data(Api(event.organizer).get("/events/organizer/metrics/"))
    assert row["location"] == event.location


# --- when a reservation changed ---


def updated(reservation):
    path = "/organizer/reservations/"
    (row,) = data(
        Api(reservation.event.organizer).get(path, event=reservation.event_id, status="all")
    )
    return row["updated_at"]


@pytest.mark.both
@pytest.mark.parametrize(
    "change",
    [
        lambda r: decisions.confirm(r, by=r.event.organizer),
        lambda r: decisions.reject(r, by=r.event.organizer),
        lambda r: registration.cancel(r, by=r.person),
        lambda r: decisions.note(r, "Comes late", by=r.event.organizer),
        lambda r: r.save(update_fields=["note"]),
        lambda r: Reservation.objects.bulk_update([r], ["note"]),
    ],
)
def test_updated_at_follows_every_change_of_a_reservation(change):
    reservation = make_reservation()
    before = updated(reservation)
    change(reservation)
    assert updated(reservation) > before


@pytest.mark.both
def test_updated_at_follows_check_in_and_undo():
    reservation = make_reservation(status="confirmed")
    organizer, seen = reservation.event.organizer, [updated(reservation)]
    check_in(reservation, by=organizer)
    seen.append(updated(reservation))
    undo.undo_check_in(reservation, actor=CheckInActor(organizer))
    seen.append(updated(reservation))
    assert seen == sorted(set(seen))


@pytest.mark.both
def test_updated_at_ignores_other_reservations():
    event = make_event()
    first, second = (
        make_reservation(event, status="confirmed"),
        make_reservation(event, status="confirmed"),
    )
    check_in(second, by=event.organizer)
    first.refresh_from_db()
    assert first.updated < Reservation.objects.get(pk=second.pk).updated


# --- times ---


@pytest.mark.both
def test_times_of_events_have_their_offset_and_all_others_utc():
    start = datetime.fromisoformat("2035-07-04T18:00:00-04:00")
    event = make_event(time_zone="America/New_York", start_time=start)
    reservation = make_reservation(event, status="confirmed")
    check_in(reservation, by=event.organizer)
    api, guest = Api(event.organizer), Api(reservation.person)
    for row in (
        data(Api().get(f"/events/{event.pk}/")),
        data(api.get("/events/organizer/my-events-list/"))[0],
        data(api.get("/events/organizer/metrics/"))[0],
    ):
        assert (row["start_time"], row["end_time"]) == (
            "2035-07-04T18:00:00-04:00",
            "2035-07-04T22:00:00-04:00",
        )
    rows = [
        data(api.get("/organizer/reservations/"))[0],
        data(api.get(f"/events/{event.pk}/participants/"))[0],
        data(guest.get("/my-reservations/"))[0],
        data(api.get(f"/organizer/reservations/{reservation.pk}/inspect/")),
    ]
    for row in rows:
        assert row["event_start_time"] == "2035-07-04T18:00:00-04:00"
        assert row["created_at"].endswith("Z")
    assert rows[0]["checked_in_at"] == rows[3]["checked_in_at"]
    assert rows[0]["checked_in_at"].endswith("Z")
    assert rows[0]["updated_at"].endswith("Z")
    assert data(api.get("/users/me/"))["date_joined"].endswith("Z")


# --- the same under another prefix ---


def test_v1_answers_like_the_address_without_it(admin):
    api = Api(admin)
    for path in ("/events/", "/users/me/", path_of(LISTS[2]), "/schema/"):
        plain, versioned = api.get(path), api.get(f"/v1{path}")
        assert versioned.status_code == plain.status_code == 200
        assert versioned.content == plain.content.replace(
            b"/api/events/?page", b"/api/v1/events/?page"
        )


@pytest.mark.parametrize("prefix", ["/api", "/api/v1"])
@pytest.mark.parametrize(("short", "page"), [("docs", "swagger-ui"), ("redoc", "redoc")])
def test_short_addresses_lead_to_the_reference(prefix, short, page):
    answer = Client().get(f"{prefix}/{short}/")
    assert (answer.status_code, answer["Location"]) == (308, f"{prefix}/schema/{page}/")
    assert Client().get(answer["Location"]).status_code == 200
