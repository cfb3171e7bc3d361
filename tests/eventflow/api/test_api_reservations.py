"""Reservations over the API: the attendee's and the organizer's rows of the contract."""

from datetime import timedelta

import pytest
from django.utils import timezone

from eventflow.core.audit import AuditEntry
from eventflow.mail.models import Mail
from events import services as events
from tests.eventflow.api.clients import Api, data, errors, refused, rows
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
HUGE = 10**30
STATUSES = ["pending", "confirmed", "rejected", "cancelled"]


def moment(text):
    return timezone.datetime.fromisoformat(text)


# --- reserving ---


def test_register_takes_a_place_in_the_queue():
    event = make_event()
    make_reservation(event)
    maja = make_person()
    answer = Api(maja, language="pl").post(f"/events/{event.pk}/register/")
    taken = Reservation.objects.get(person=maja)
    assert data(answer, 201) == {
        "reservation_id": taken.pk,
        "status": "pending",
        "queue_position": 2,
    }
    assert answer.json()["message"] == "Zarezerwowano. Jesteś w kolejce."


def test_register_takes_a_seat_of_an_automatic_event():
    event = make_event(admission="automatic")
    taken = data(Api(make_person()).post(f"/events/{event.pk}/register/"), 201)
    assert (taken["status"], taken["queue_position"]) == ("confirmed", None)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"status": "cancelled"}, "event_not_open"),
        ({"start_time": timezone.now() - timedelta(hours=1)}, "event_started"),
    ],
)
def test_register_refuses_an_event_that_takes_nobody(fields, code):
    event = make_event(**fields)
    assert refused(Api(make_person()).post(f"/events/{event.pk}/register/")) == (400, code)
    assert not Reservation.objects.exists()


def test_register_refuses_the_organizers_own_draft():
    draft = make_event(status="draft")
    assert refused(Api(draft.organizer).post(f"/events/{draft.pk}/register/")) == (
        400,
        "event_not_open",
    )


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("pending", "already_registered"),
        ("confirmed", "already_registered"),
        ("rejected", "reservation_rejected"),
    ],
)
def test_register_refuses_a_second_time(status, code):
    reservation = make_reservation(status=status)
    assert refused(Api(reservation.person).post(f"/events/{reservation.event_id}/register/")) == (
        400,
        code,
    )
    assert Reservation.objects.count() == 1


def test_register_again_after_cancelling():
    reservation = make_reservation(status="cancelled")
    assert (
        data(Api(reservation.person).post(f"/events/{reservation.event_id}/register/"), 201)[
            "status"
        ]
        == "pending"
    )


def test_register_needs_somebody_and_an_event_they_may_know_of():
    draft = make_event(status="draft")
    for pk in (draft.pk, 999_999, HUGE):
        assert refused(Api(make_person()).post(f"/events/{pk}/register/")) == (404, "not_found")
    assert refused(Api().post(f"/events/{make_event().pk}/register/")) == (401, "not_authenticated")


# --- mine ---


def test_my_reservations_shows_mine_but_the_cancelled_ones_and_nobody_elses():
    maja = make_person(email="maja@example.org")
    places = [make_event(title=status) for status in STATUSES]
    make_reservation(places[0])
    mine = [make_reservation(place, maja, status=place.title) for place in places]
    inside = mine[1]
    check_in(inside, by=inside.event.organizer)
    shown = rows(Api(maja).get("/my-reservations/"))
    assert [(row["reservation_id"], row["status"]) for row in shown] == [
        (r.pk, r.status) for r in reversed(mine[:3])
    ]
    assert [row["queue_position"] for row in shown] == [None, None, 2]
    assert [row["checked_in"] for row in shown] == [False, True, False]
    first = shown[-1]
    assert moment(first.pop("created_at")) == mine[0].created
    assert moment(first.pop("event_start_time")) == places[0].start_time
    assert first == {
        "reservation_id": mine[0].pk,
        "event_id": places[0].pk,
        "user_email": "maja@example.org",
        "status": "pending",
        "queue_position": 2,
        "checked_in": False,
        "event_title": "pending",
        "location": "Ruska 46c, Wrocław",
    }
    for asked, found in [
        ("all", mine),
        ("cancelled", mine[3:]),
        ("confirmed", [inside]),
        ("", mine[:3]),
    ]:
        shown = rows(Api(maja).get("/my-reservations/", status=asked))
        assert [row["reservation_id"] for row in shown] == [r.pk for r in reversed(found)]
    assert errors(Api(maja).get("/my-reservations/", status="lost")).keys() == {"status"}
    assert refused(Api().get("/my-reservations/")) == (401, "not_authenticated")


def test_my_reservation_tells_where_i_stand():
    event = make_event(seats_limit=2)
    make_reservation(event, status="confirmed")
    maja = Api(make_person())
    room = {"full": False, "free_slots": 1, "max_participants": 2}
    assert data(maja.get(f"/events/{event.pk}/my-reservation/")) == {"status": "NONE", **room}
    taken = data(maja.post(f"/events/{event.pk}/register/"), 201)["reservation_id"]
    assert data(maja.get(f"/events/{event.pk}/my-reservation/")) == {
        "status": "pending",
        **room,
        "reservation_id": taken,
        "queue_position": 1,
    }
    decisions.confirm(Reservation.objects.get(pk=taken), by=event.organizer)
    room = {"full": True, "free_slots": 0, "max_participants": 2}
    assert data(maja.get(f"/events/{event.pk}/my-reservation/")) == {
        "status": "confirmed",
        **room,
        "reservation_id": taken,
        "queue_position": None,
    }
    assert refused(maja.get("/events/999999/my-reservation/")) == (404, "not_found")
    assert refused(Api().get(f"/events/{event.pk}/my-reservation/")) == (401, "not_authenticated")


def test_my_reservation_tells_of_a_rejected_one_and_forgets_a_cancelled_one():
    room = {"full": False, "free_slots": 24, "max_participants": 24}
    for status, told in (("rejected", "rejected"), ("cancelled", "NONE")):
        gone = make_reservation(status=status)
        kept = {"reservation_id": gone.pk, "queue_position": None} if told == "rejected" else {}
        assert data(Api(gone.person).get(f"/events/{gone.event_id}/my-reservation/")) == {
            "status": told,
            **room,
            **kept,
        }


def test_reservation_equals_its_row_in_the_owners_list():
    reservation = make_reservation(status="confirmed")
    event = reservation.event
    helper, path = make_person(), f"/reservations/{reservation.pk}/"
    events.add_door_staff(event, email=helper.email, by=event.organizer)
    (row,) = rows(Api(reservation.person).get("/my-reservations/"))
    for reader in (reservation.person, event.organizer, helper, make_admin()):
        assert data(Api(reader).get(path)) == row
    for stranger in (make_person(), make_organizer()):
        assert refused(Api(stranger).get(path)) == (404, "not_found")
    assert refused(Api().get(path)) == (401, "not_authenticated")
    assert refused(Api(reservation.person).get(f"/reservations/{HUGE}/")) == (404, "not_found")
    registration.cancel(reservation, by=reservation.person)
    assert data(Api(reservation.person).get(path))["status"] == "cancelled"


def test_delete_gives_the_seat_to_the_next_in_an_automatic_queue():
    event = make_event(seats_limit=1, admission="automatic")
    first, second = make_reservation(event), make_reservation(event)
    answer = Api(first.person).delete(f"/reservations/{first.pk}/")
    assert data(answer) == {"reservation_id": first.pk}
    assert Reservation.objects.get(pk=second.pk).is_confirmed
    assert refused(Api(first.person).delete(f"/reservations/{first.pk}/")) == (404, "not_found")


def test_delete_finds_only_the_callers_own():
    reservation = make_reservation(status="confirmed")
    for stranger in (make_person(), reservation.event.organizer, make_admin()):
        assert refused(Api(stranger).delete(f"/reservations/{reservation.pk}/")) == (
            404,
            "not_found",
        )
    assert refused(Api().delete(f"/reservations/{reservation.pk}/")) == (401, "not_authenticated")
    assert refused(Api(reservation.person).delete(f"/reservations/{HUGE}/")) == (404, "not_found")
    assert Reservation.objects.get().is_confirmed


def test_delete_refuses_somebody_who_is_inside():
    reservation = make_reservation(status="confirmed")
    check_in(reservation, by=reservation.event.organizer)
    assert refused(Api(reservation.person).delete(f"/reservations/{reservation.pk}/")) == (
        400,
        "already_checked_in",
    )


# --- the organizer ---


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
        walked = {}
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
    for query, places in [
        ({}, {1: 1, 2: None, 3: 2}),
        ({"status": "all"}, {0: None, 1: 1, 2: None, 3: 2}),
        ({"status": "cancelled"}, {0: None}),
        ({"status": "pending"}, {1: 1, 3: 2}),
        ({"q": "zet"}, {2: None, 3: 2}),
        ({"email": guests[3].person.email.upper()}, {3: 2}),
        ({"checked_in": "true"}, {2: None}),
        ({"checked_in": "false"}, {1: 1, 3: 2}),
    ]:
        shown = rows(api.get(path, **query))
        assert [(row["reservation_id"], row["queue_position"]) for row in shown] == [
            (guests[n].pk, place) for n, place in places.items()
        ]
        page = data(api.get(path, page=1, **query))
        assert (page["count"], page["results"]) == (len(shown), shown)


def test_participants_are_the_organizers_business():
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


def test_organizer_reservations_can_be_searched_and_filtered():
    mine, other = make_event(title="Mine"), make_event(title="Other")
    first = make_reservation(mine, make_person("Maja Wiśniewska", email="maja@example.org"))
    second = make_reservation(mine, make_person("Łukasz Żak"), status="confirmed")
    make_reservation(other, make_person("Hidden Guest"))
    api = Api(mine.organizer)
    for query, found in [
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
    ]:
        shown = rows(api.get("/organizer/reservations/", **query))
        assert [row["reservation_id"] for row in shown] == found
    for name, value in [
        ("event", "x"),
        ("event", HUGE),
        ("status", "lost"),
        ("checked_in", "maybe"),
        ("q", "\x00"),
    ]:
        assert errors(api.get("/organizer/reservations/", **{name: value})).keys() == {name}


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


# --- what it costs ---


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
