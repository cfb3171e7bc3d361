"""Reservations over the API as the organizer reads and decides them."""

from typing import Any

import pytest

from eventflow.core.audit import AuditEntry
from eventflow.mail.models import Mail
from events import services as events
from tests.eventflow.api.clients import Api, data, errors, refused, rows
from tests.eventflow.api.values import HUGE, moment
from tests.support.check_in import check_in
from tests.support.factories import (
    make_admin,
    make_event,
    make_organizer,
    make_people,
    make_person,
    make_reservation,
)
from tickets.models import Reservation
from tickets.queue import decisions, registration

pytestmark = pytest.mark.django_db


# --- the organizer --------------------------------------------------------------------------------


@pytest.mark.both
def test_participants_stand_in_the_order_of_the_queue():
    event = make_event()
    guests = [make_reservation(event) for _ in range(6)]
    decisions.confirm(guests[1], by=event.organizer)
    decisions.reject(guests[3], by=event.organizer)
    make_reservation(make_event())
    places = {
        guests[0].pk: 1,
        guests[1].pk: None,
        guests[2].pk: 2,
        guests[3].pk: None,
        guests[4].pk: 3,
        guests[5].pk: 4,
    }
    for size in (1, 2, 3, 4, 20):
        walked: dict[int, int | None] = {}
        for page in range(1, -(-6 // size) + 1):
            shown = rows(
                Api(event.organizer).get(
                    f"/events/{event.pk}/participants/", page=page, page_size=size
                )
            )
            walked |= {row["reservation_id"]: row["queue_position"] for row in shown}
        assert [*walked.items()] == [*places.items()]
    assert rows(Api(make_admin()).get(f"/events/{event.pk}/participants/"))[0].keys() == {
        *("reservation_id", "event_id", "user_email", "status", "queue_position"),
        *("checked_in", "created_at", "event_title", "event_start_time", "location"),
        *("user_first_name", "user_last_name", "checked_in_at", "updated_at", "note"),
    }


@pytest.mark.both
def test_participants_are_filtered_without_losing_their_places():
    event = make_event()
    guests = [
        make_reservation(event, make_person(name))
        for name in ("Maja Nowak", "Jan Nowak", "Ewa Zet", "Ola Zet")
    ]
    registration.cancel(guests[0], by=guests[0].person)
    decisions.confirm(guests[2], by=event.organizer)
    check_in(guests[2], by=event.organizer)
    api, path = Api(event.organizer), f"/events/{event.pk}/participants/"
    queries: list[tuple[dict[str, Any], dict[int, int | None]]] = [
        ({}, {1: 1, 2: None, 3: 2}),
        ({"status": "all"}, {0: None, 1: 1, 2: None, 3: 2}),
        ({"status": "cancelled"}, {0: None}),
        ({"status": "pending"}, {1: 1, 3: 2}),
        ({"q": "zet"}, {2: None, 3: 2}),
        ({"email": guests[3].person.email.upper()}, {3: 2}),
        ({"checked_in": "true"}, {2: None}),
        ({"checked_in": "false"}, {1: 1, 3: 2}),
    ]
    for query, places in queries:
        shown = rows(api.get(path, **query))
        assert [(row["reservation_id"], row["queue_position"]) for row in shown] == [
            (guests[n].pk, place) for n, place in places.items()
        ]
        page = data(api.get(path, page=1, **query))
        assert (page["count"], page["results"]) == (len(shown), shown)


def test_participants_are_for_the_organizer_only():
    reservation = make_reservation(person=make_person(email="private@example.org"))
    page = f"/events/{reservation.event_id}/participants/"
    for stranger in (make_organizer(), make_person(), reservation.person):
        answer = Api(stranger).get(page)
        assert refused(answer) == (403, "forbidden")
        assert "private@example.org" not in answer.text
    assert refused(Api().get(page)) == (401, "not_authenticated")
    assert refused(Api(reservation.event.organizer).get(f"/events/{HUGE}/participants/")) == (
        404,
        "not_found",
    )


@pytest.mark.both
def test_organizer_reservations_are_those_of_their_events_newest_first():
    mine, other = make_event(title="Mine"), make_event(title="Other")
    first = make_reservation(mine, make_person("Maja Wiśniewska", email="maja@example.org"))
    second = make_reservation(mine, make_person("Łukasz Żak"), status="confirmed")
    make_reservation(other, make_person("Hidden Guest"))
    api = Api(mine.organizer)
    shown = rows(api.get("/organizer/reservations/"))
    assert [row["reservation_id"] for row in shown] == [second.pk, first.pk]
    row = shown[1]
    assert moment(row.pop("created_at")) == first.created
    assert moment(row.pop("updated_at")) == first.updated
    assert moment(row.pop("event_start_time")) == mine.start_time
    assert row == {
        "event_id": mine.pk,
        "reservation_id": first.pk,
        "user_email": "maja@example.org",
        "status": "pending",
        "checked_in": False,
        "event_title": "Mine",
        "user_first_name": "Maja",
        "user_last_name": "Wiśniewska",
        "checked_in_at": None,
        "note": "",
    }


@pytest.mark.both
def test_organizer_reservations_can_be_searched_and_filtered():
    mine, other = make_event(title="Mine"), make_event(title="Other")
    first = make_reservation(mine, make_person("Maja Wiśniewska", email="maja@example.org"))
    second = make_reservation(mine, make_person("Łukasz Żak"), status="confirmed")
    make_reservation(other, make_person("Hidden Guest"))
    api = Api(mine.organizer)
    queries: list[tuple[dict[str, Any], list[int]]] = [
        ({"status": "confirmed"}, [second.pk]),
        ({"event": mine.pk}, [second.pk, first.pk]),
        ({"event": other.pk}, []),
        ({"q": "łukasz"}, [second.pk]),
        ({"q": "MAJA@"}, [first.pk]),
        ({"q": "hidden"}, []),
        ({"email": "maja@example.org"}, [first.pk]),
        ({"email": "maja"}, []),
        ({"checked_in": "false", "status": "confirmed"}, [second.pk]),
        ({"checked_in": "true"}, []),
        ({"q": "mine wiśniewska"}, [first.pk]),
    ]
    for query, found in queries:
        shown = rows(api.get("/organizer/reservations/", **query))
        assert [row["reservation_id"] for row in shown] == found
    malformed: list[dict[str, Any]] = [
        {"event": "x"},
        {"event": HUGE},
        {"status": "lost"},
        {"checked_in": "maybe"},
        {"q": "\x00"},
    ]
    for query in malformed:
        assert errors(api.get("/organizer/reservations/", **query)).keys() == query.keys()


def test_organizer_reservations_are_for_organizers_and_admins():
    mine, other = make_event(title="Mine"), make_event(title="Other")
    for event in (mine, mine, other):
        make_reservation(event)
    everything = rows(Api(make_admin()).get("/organizer/reservations/"))
    assert [row["event_title"] for row in everything] == ["Other", "Mine", "Mine"]
    assert refused(Api(make_person()).get("/organizer/reservations/")) == (403, "forbidden")
    assert refused(Api().get("/organizer/reservations/")) == (401, "not_authenticated")


@pytest.mark.parametrize("status", ["confirmed", "rejected"])
def test_status_decides_a_pending_reservation_once(status):
    reservation = make_reservation()
    path = f"/reservations/{reservation.pk}/status/"
    assert data(Api(reservation.event.organizer).patch(path, {"status": status})) == {
        "status": status
    }
    assert Reservation.objects.get().status == status
    for again in ("confirmed", "rejected"):
        assert refused(Api(make_admin()).patch(path, {"status": again})) == (400, "already_decided")
    assert Reservation.objects.get().status == status
    verb = "confirm" if status == "confirmed" else "reject"
    [entry] = AuditEntry.objects.filter(action__in=["reservation.confirm", "reservation.reject"])
    assert (entry.action, entry.by, entry.target_id) == (
        f"reservation.{verb}",
        reservation.event.organizer,
        reservation.pk,
    )
    [mail] = Mail.objects.filter(to=reservation.person.email).exclude(builder="tickets.queued")
    assert mail.builder == f"tickets.{status}"
    assert decisions.undo(reservation, by=reservation.event.organizer).is_pending


def test_status_refuses_a_withdrawn_reservation_alike():
    reservation = make_reservation(status="cancelled")
    answers = [
        Api(reservation.event.organizer).patch(
            f"/reservations/{reservation.pk}/status/", {"status": s}
        )
        for s in ("confirmed", "rejected")
    ]
    assert [refused(answer) for answer in answers] == [(400, "already_decided")] * 2
    assert {answer.json()["message"] for answer in answers} == {"Already decided, or withdrawn."}


@pytest.mark.parametrize("status", ["confirmed", "rejected"])
def test_status_refuses_at_a_cancelled_event(status):
    reservation = make_reservation()
    events.cancel(reservation.event, by=reservation.event.organizer)
    answer = Api(reservation.event.organizer).patch(
        f"/reservations/{reservation.pk}/status/", {"status": status}
    )
    assert refused(answer) == (400, "event_not_open")


@pytest.mark.both
def test_status_refuses_when_full_and_what_is_no_decision():
    event = make_event(seats_limit=1)
    make_reservation(event, status="confirmed")
    waiting = make_reservation(event)
    path = f"/reservations/{waiting.pk}/status/"
    assert refused(Api(event.organizer).patch(path, {"status": "confirmed"})) == (400, "event_full")
    assert Reservation.objects.get(pk=waiting.pk).is_pending
    assert errors(Api(event.organizer).patch(path, {"status": "cancelled"})).keys() == {"status"}
    assert errors(Api(event.organizer).patch(path, {})).keys() == {"status"}


def test_status_is_the_organizers_to_decide():
    reservation = make_reservation()
    path = f"/reservations/{reservation.pk}/status/"
    for stranger in (make_organizer(), make_person(), reservation.person):
        assert refused(Api(stranger).patch(path, {"status": "confirmed"})) == (403, "forbidden")
    assert refused(Api().patch(path, {"status": "confirmed"})) == (401, "not_authenticated")
    for pk in (999_999, HUGE):
        assert refused(
            Api(reservation.event.organizer).patch(
                f"/reservations/{pk}/status/", {"status": "confirmed"}
            )
        ) == (404, "not_found")
    assert Reservation.objects.get().is_pending


# --- what it costs --------------------------------------------------------------------------------

LISTS = [
    "/my-reservations/",
    "/organizer/reservations/",
    "/events/{}/participants/",
    "/events/organizer/metrics/",
    "/events/organizer/my-events-list/",
    "/door/events/",
]


@pytest.mark.parametrize("path", LISTS)
def test_lists_take_as_many_queries_for_many_rows_as_for_few(path, django_assert_num_queries):
    """The person; the count, the keys and the rows.

    For participants the event, which has the count, and the first position.
    """
    organizer = make_organizer()
    events = [make_event(organizer=organizer) for _ in range(12)]
    for event in events:
        registration.reserve(event.pk, person=organizer)
    for person in make_people(12):
        registration.reserve(events[0].pk, person=person)
    api, page = Api(organizer), path.format(events[0].pk)
    queries = 5 if "participants" in path else 4
    for size in (2, 10):
        with django_assert_num_queries(queries):
            assert len(rows(api.get(page, page_size=size))) == size
