"""Reservations over the API as a guest makes, reads and cancels them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from events import services as events
from tests.eventflow.api.clients import Api, data, errors, refused, rows
from tests.eventflow.api.values import HUGE, moment
from tests.support.check_in import check_in
from tests.support.factories import (
    make_admin,
    make_event,
    make_organizer,
    make_person,
    make_reservation,
)
from tickets.models import Reservation
from tickets.queue import decisions, registration

pytestmark = pytest.mark.django_db
STATUSES = ["pending", "confirmed", "rejected", "cancelled"]


# --- reserving ------------------------------------------------------------------------------------


@pytest.mark.both
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
def test_register_is_refused_by_a_closed_event(fields, code):
    event = make_event(**fields)
    assert refused(Api(make_person()).post(f"/events/{event.pk}/register/")) == (400, code)
    assert not Reservation.objects.exists()


def test_register_refuses_the_organizers_own_draft():
    draft = make_event(status="draft")
    assert refused(Api(draft.organizer).post(f"/events/{draft.pk}/register/")) == (
        400,
        "event_not_open",
    )


@pytest.mark.both
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


def test_register_needs_a_person_and_a_visible_event():
    draft = make_event(status="draft")
    for pk in (draft.pk, 999_999, HUGE):
        assert refused(Api(make_person()).post(f"/events/{pk}/register/")) == (404, "not_found")
    assert refused(Api().post(f"/events/{make_event().pk}/register/")) == (401, "not_authenticated")


# --- mine -----------------------------------------------------------------------------------------


def test_my_reservations_shows_own_ones_without_the_cancelled():
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


@pytest.mark.both
def test_my_reservation_has_the_position():
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


def test_my_reservation_shows_a_rejected_one_and_no_cancelled_one():
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


@pytest.mark.both
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
