"""The calls of the front end before ours, as a table, with the fields and expressions it reads.

Installations keep it as it is. Each row is one of its functions: what it calls, and what it makes
of the answer. It is long because the table has all its functions.
"""

import base64
import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests.eventflow.api.clients import sign_in
from tests.eventflow.api.sign_up_data import activation_token
from tests.support.factories import (
    PASSWORD,
    make_admin,
    make_event,
    make_organizer,
    make_people,
    make_person,
    make_reservation,
)
from tickets.models import Reservation
from tickets.queue import registration

pytestmark = pytest.mark.django_db


class Front:
    """Its fetch: JSON both ways, the token of the person logged in, and its own errors."""

    def __init__(self, person=None):
        self.token = sign_in(person)["access"] if person else ""

    def fetch(self, method, path, body=None):
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        content = "" if body is None else json.dumps(body)
        return Client().generic(method, f"/api{path}", content, "application/json", headers=headers)

    def json(self, method, path, body=None):
        """`if (!res.ok) throw new Error(data.detail || data.message)`, else the data."""
        answer = self.fetch(method, path, body)
        said = answer.json()
        if answer.status_code >= 400:
            raise Thrown(answer.status_code, said.get("detail") or said.get("message"))
        return said


class Thrown(Exception):
    pass


def data_or_results(said):
    """`data.results || data`, of lists."""
    data = said["data"]
    return data["results"] if isinstance(data, dict) and data.get("results") is not None else data


def claims(token):
    """What it reads of a token, without a look at its signature."""
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def mapped(rows, *fields):
    """`rows.map(row => …)`, which only an array has, and each field defined."""
    assert type(rows) is list
    return [{field: row[field] for field in fields} for row in rows]


@pytest.fixture
def organizer():
    return make_organizer()


@pytest.fixture
def event(organizer):
    return make_event(organizer=organizer, seats_limit=300)


# --- auth ---


def test_login_user_keeps_both_tokens_and_reads_an_integer_id():
    person = make_person()
    said = Front().json("POST", "/login/", {"email": person.email, "password": PASSWORD})
    assert type(claims(said["data"]["access"])["user_id"]) is int
    assert claims(said["data"]["access"])["user_id"] == person.pk
    assert said["data"]["refresh"]


@pytest.mark.parametrize("wrong", ["password", "not activated"])
def test_login_user_throws_words(wrong):
    person = make_person(activated=wrong != "not activated")
    with pytest.raises(Thrown) as thrown:
        Front().json(
            "POST",
            "/login/",
            {"email": person.email, "password": "x" if wrong == "password" else PASSWORD},
        )
    assert thrown.value.args[0] == 401
    assert thrown.value.args[1]


def test_register_user_shows_the_message():
    sent = {
        "email": "new@example.org",
        "password": "three random words",
        "first_name": "Maja",
        "last_name": "W",
    }
    assert Front().json("POST", "/users/register/", sent)["message"]
    with pytest.raises(Thrown) as thrown:
        Front().json("POST", "/users/register/", sent | {"password": "short"})
    assert "10" in thrown.value.args[1]  # the sentence of the field, for it shows no other


def test_activate_account_opens_the_token_of_the_mail():
    Front().json(
        "POST", "/users/register/", {"email": "maja@example.org", "password": "three random words"}
    )
    token = activation_token()
    assert Front().json("GET", f"/users/activate/{token}/")["data"]["email"] == "maja@example.org"
    with pytest.raises(Thrown) as thrown:
        Front().json("GET", "/users/activate/nonsense/")
    assert thrown.value.args[0] == 400


# --- events ---


def test_get_all_events_reads_a_page(event):
    said = Front().json("GET", "/events/?page=1&page_size=20")
    fields = [
        "id",
        "title",
        "description",
        "location",
        "start_time",
        "end_time",
        "seats_limit",
        "organizer",
        "status",
    ]
    (row,) = mapped(said["data"]["results"], *fields)
    assert [type(row[field]) for field in fields] == [int, str, str, str, str, str, int, int, str]
    assert (said["data"]["count"], said["data"]["next"], said["data"]["previous"]) == (
        1,
        None,
        None,
    )


def test_get_all_events_is_sent_to_the_login_by_an_expired_token(event):
    front = Front()
    front.token = "expired"
    with pytest.raises(Thrown) as thrown:
        front.json("GET", "/events/")
    assert thrown.value.args[0] == 401


def test_get_seats_availability(event):
    make_reservation(event, status="confirmed")
    said = Front().json("GET", f"/events/{event.pk}/availability/")
    assert (
        said["data"]["confirmed_seats"],
        said["data"]["spots_left"],
        said["data"]["seats_limit"],
    ) == (1, 299, 300)


def test_register_to_event(event):
    front = Front(make_person())
    answer = front.fetch("POST", f"/events/{event.pk}/register/")
    assert (answer.status_code, answer.json()["data"]["status"]) == (201, "pending")
    for path, status in ((f"/events/{event.pk}/register/", 400), ("/events/999999/register/", 404)):
        with pytest.raises(Thrown) as thrown:
            front.json("POST", path)
        assert thrown.value.args[0] == status
        assert thrown.value.args[1]


def test_create_update_publish_and_cancel_an_event(organizer):
    front = Front(organizer)
    start = timezone.now().replace(microsecond=0) + timedelta(days=5)
    sent = {
        "title": "Night Print",
        "description": "",
        "location": "Ruska",
        "start_time": start.isoformat(),
        "end_time": (start + timedelta(hours=2)).isoformat(),
        "seats_limit": 20,
    }
    pk = front.json("POST", "/events/organizer/events/create/", sent)["data"]["id"]
    edit = f"/events/organizer/{pk}/edit/"
    assert front.json("PATCH", edit, {"title": "Day"})["data"]["title"] == "Day"
    assert front.json("PUT", edit, sent)["data"]["title"] == "Night Print"
    for verb, status in (("publish", "published"), ("cancel", "cancelled")):
        for _twice in range(2):
            assert front.json("POST", f"/events/organizer/{pk}/{verb}/")["data"]["status"] == status


def test_get_organizer_my_events_shows_them_all_soonest_first(organizer):
    now = timezone.now()
    for days in range(1, 31):
        make_event(organizer=organizer, start_time=now + timedelta(days=days))
    rows = data_or_results(Front(organizer).json("GET", "/events/organizer/my-events-list/"))
    assert len(mapped(rows, "id", "title", "status")) == 30
    assert [row["start_time"] for row in rows] == sorted(row["start_time"] for row in rows)
    numbers = data_or_results(Front(organizer).json("GET", "/events/organizer/metrics/"))
    assert (
        len(
            mapped(
                numbers, "id", "title", "location", "confirmed_count", "pending_count", "spots_left"
            )
        )
        == 30
    )


# --- reservations ---


def test_get_my_reservations_shows_them_all_and_none_that_i_cancelled(organizer):
    maja = make_person()
    mine = [make_reservation(make_event(organizer=organizer), maja) for _ in range(30)]
    registration.cancel(mine[0], by=maja)
    rows = data_or_results(Front(maja).json("GET", "/my-reservations/"))
    shown = mapped(
        rows,
        "reservation_id",
        "event_id",
        "event_title",
        "event_start_time",
        "location",
        "status",
        "checked_in",
    )
    assert {row["reservation_id"] for row in shown} == {reservation.pk for reservation in mine[1:]}


def test_get_organizer_reservations_shows_every_one_of_194(organizer, event):
    for guest in make_people(194):
        registration.reserve(event.pk, person=guest)
    rows = data_or_results(Front(organizer).json("GET", "/organizer/reservations/"))
    fields = (
        "reservation_id",
        "event_id",
        "event_title",
        "user_email",
        "status",
        "checked_in",
        "created_at",
    )
    assert len(mapped(rows, *fields)) == 194
    assert (
        len(data_or_results(Front(organizer).json("GET", f"/events/{event.pk}/participants/")))
        == 194
    )


@pytest.mark.parametrize("status", ["confirmed", "rejected"])
def test_confirm_and_reject(organizer, event, status):
    reservation = make_reservation(event)
    said = Front(organizer).json(
        "PATCH", f"/reservations/{reservation.pk}/status/", {"status": status}
    )
    assert said["data"]["status"] == status


def test_cancel_reservation(event):
    reservation = make_reservation(event)
    assert (
        Front(reservation.person).json("DELETE", f"/reservations/{reservation.pk}/")["success"]
        is True
    )
    standing = Front(reservation.person).json("GET", f"/events/{event.pk}/my-reservation/")["data"]
    assert standing["status"] == "NONE"


def test_download_ticket_is_a_file_with_a_name(event):
    reservation = make_reservation(event, status="confirmed")
    answer = Front(reservation.person).fetch("GET", f"/reservations/{reservation.pk}/ticket/")
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")


def test_inspect_and_check_in_read_the_same_fields_twice(organizer, event):
    reservation = make_reservation(event, status="confirmed")
    front = Front(organizer)
    for path in (
        f"/organizer/reservations/{reservation.pk}/inspect/",
        f"/reservations/{reservation.pk}/inspect/",
    ):
        said = front.json("GET", path)["data"]
        assert (said["reservation_id"], said["status"], said["checked_in"]) == (
            reservation.pk,
            "confirmed",
            False,
        )
        assert {
            "user_email",
            "user_first_name",
            "user_last_name",
            "event_title",
            "event_id",
        } <= said.keys()
    for already in (False, True):
        said = front.json("POST", f"/reservations/{reservation.pk}/check-in/")["data"]
        assert (said["checked_in"], said["already_checked_in"]) == (True, already)
        assert said["detail"]


def test_check_in_of_somebody_not_confirmed_is_known_by_a_polish_word(organizer, event):
    reservation = make_reservation(event)
    token = Front(organizer).token
    path = f"/api/reservations/{reservation.pk}/check-in/"
    answer = Client().post(
        path, headers={"Authorization": f"Bearer {token}", "Accept-Language": "pl"}
    )
    assert answer.status_code == 400
    assert "potwierdzone" in answer.json()["detail"]


def test_hook_my_reservation(event):
    maja = Front(make_person())
    standing = maja.json("GET", f"/events/{event.pk}/my-reservation/")["data"]
    assert standing == {"status": "NONE", "full": False, "free_slots": 300, "max_participants": 300}


# --- roles and administration ---


def test_check_if_organizer_and_check_if_admin(organizer):
    for person, may, admin in (
        (organizer, True, False),
        (make_person(), False, False),
        (make_admin(), True, True),
    ):
        front = Front(person)
        assert front.json("GET", "/events/is-organizer/")["data"]["is_organizer"] is may
        assert front.json("GET", "/users/me/")["data"]["is_staff"] is admin


def test_get_all_users_is_an_array_under_data():
    admin = make_admin()
    make_people(30)
    said = Front(admin).json("GET", "/users/admin/users/")
    rows = said.get("data") or said.get("results")
    shown = mapped(
        rows, "id", "email", "first_name", "last_name", "is_active", "is_staff", "is_organizer"
    )
    assert len(shown) == 31


def test_set_organizer_role():
    person = make_person()
    front = Front(make_admin())
    for wanted in (True, False):
        said = front.json(
            "PATCH", f"/users/admin/users/{person.pk}/set-organizer/", {"is_organizer": wanted}
        )
        assert said["data"]["is_organizer"] is wanted
    assert not Reservation.objects.exists()


# --- the same under its other prefix ---


@pytest.mark.parametrize(
    "path",
    [
        "/events/",
        "/my-reservations/",
        "/organizer/reservations/",
        "/users/admin/users/",
        "/users/me/",
    ],
)
def test_v1_has_every_endpoint(path):
    front = Front(make_admin())
    assert front.json("GET", f"/v1{path}")["data"] == front.json("GET", path)["data"]
