"""Bodies of the API: what is read, what is refused, and which fields are named."""

import json
from urllib.parse import urlencode

import pytest
from django.test import Client

from tests.eventflow.api.clients import Api, data, errors, refused
from tests.support.factories import (
    PASSWORD,
    make_admin,
    make_event,
    make_organizer,
    make_person,
    make_reservation,
)

pytestmark = pytest.mark.django_db
FORM = "application/x-www-form-urlencoded"


def fields(**changes):
    """What a new event needs."""
    start, end = "2030-06-01T18:00:00+02:00", "2030-06-01T22:00:00+02:00"
    return {
        "title": "Night Print",
        "location": "Ruska 46c",
        "start_time": start,
        "end_time": end,
        "seats_limit": 50,
    } | changes


@pytest.mark.parametrize("body", [b"{", b"", b"\xff\xfe", b"{'a': 1}", b"NaN", b"[" * 5000])
def test_body_of_bad_json_is_refused(body):
    answer = Client().post("/api/login/", body, content_type="application/json")
    assert refused(answer) in {(400, "malformed"), (400, "invalid")}


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "nonsense"])
def test_body_of_another_media_type_is_refused(kind):
    assert refused(Client().post("/api/login/", b"a=b", content_type=kind)) == (
        415,
        "unsupported_media_type",
    )


@pytest.mark.parametrize("opening", ["[", '{"a":', '{"email":['])
def test_body_nested_too_deep_is_refused(opening):
    answer = Client().post("/api/login/", opening * 90_000, content_type="application/json")
    assert refused(answer) == (400, "malformed")


@pytest.mark.parametrize("charset", ["utf-8", "UTF8", ""])
def test_body_may_begin_with_a_byte_order_mark(charset):
    person = make_person()
    body = json.dumps({"email": person.email, "password": PASSWORD}).encode("utf-8-sig")
    kind = f"application/json; charset={charset}" if charset else "application/json"
    assert data(Client().post("/api/login/", body, content_type=kind)).keys() == {
        "access",
        "refresh",
    }


@pytest.mark.parametrize("charset", ["rot13", "idna", "utf-16", "hex", "nonsense"])
def test_body_in_an_unknown_charset_is_refused(charset):
    for kind in (
        "application/json",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
    ):
        answer = Client().generic(
            "POST", "/api/login/", b'{"email": "x"}', f"{kind}; charset={charset}"
        )
        assert refused(answer)[0] == 400


def test_half_a_character_is_refused_without_being_repeated():
    reservation = make_reservation()
    answer = Api(reservation.event.organizer).patch(
        f"/reservations/{reservation.pk}/status/", {"status": "\ud800"}
    )
    assert refused(answer) == (400, "invalid")


def test_body_as_a_form_equals_json():
    organizer = make_organizer()
    said = {"email": organizer.email, "password": PASSWORD}
    for address in ("/api/login/", "/api/token/", "/api/users/login/"):
        assert data(Client().post(address, urlencode(said), content_type=FORM)).keys() == {
            "access",
            "refresh",
        }
        assert data(Client().post(address, said)).keys() == {
            "access",
            "refresh",
        }  # multipart/form-data
    pair = data(Client().post("/api/login/", said))
    assert (
        data(Client().post("/api/token/refresh/", {"refresh": pair["refresh"]})).keys()
        == pair.keys()
    )
    token = {"Authorization": f"Bearer {pair['access']}"}
    draft = data(
        Client().post("/api/events/organizer/events/create/", fields(), headers=token), 201
    )
    edit = f"/api/events/organizer/{draft['id']}/edit/"
    changed = data(
        Client().patch(edit, "title=Day+Print&seats_limit=7", content_type=FORM, headers=token)
    )
    assert (changed["title"], changed["seats_limit"], changed["location"]) == (
        "Day Print",
        7,
        draft["location"],
    )
    reservation = make_reservation(make_event(organizer=organizer))
    status = f"/api/reservations/{reservation.pk}/status/"
    assert data(Client().patch(status, "status=confirmed", content_type=FORM, headers=token)) == {
        "status": "confirmed"
    }


def test_body_as_a_form_has_no_value_for_an_unsent_flag():
    other, admin = make_organizer(), Api(make_admin())
    path = f"/api/users/admin/users/{other.pk}/set-organizer/"
    answer = admin.client.patch(path, "x=1", content_type=FORM, headers=admin.headers)
    assert errors(answer).keys() == {"is_organizer"}


def test_message_is_that_of_the_only_wrong_field():
    short = Api().post("/users/register/", {"email": "new@example.org", "password": "short"})
    assert refused(short) == (400, "invalid")
    assert short.json()["message"] == " ".join(errors(short)["password"])
    both = Api().post(
        "/users/register/", {"email": "x", "password": "short", "first_name": "x" * 151}
    )
    assert both.json()["message"] == "Some of this is not right. Each field says what."


def test_fields_that_nobody_reads_are_named():
    api = Api(make_organizer())
    unknown = {"colour": "red", "id": 7, "naïve\r\nSet-Cookie": 1, "\ud800": 1, "x" * 90: 1}
    answer = api.post("/events/organizer/events/create/", fields() | unknown)
    data(answer, 201)
    named = "colour, id, na%C3%AFve%0D%0ASet-Cookie, " + "x" * 50 + ", %3F"
    assert answer["X-Ignored-Fields"] == named
    assert "X-Ignored-Fields" not in api.post("/events/organizer/events/create/", fields())
    many = api.post(
        "/events/organizer/events/create/", fields() | {f"field{n}": 1 for n in range(500)}
    )
    assert len(many["X-Ignored-Fields"].split(", ")) == 20


def test_body_without_a_use_is_named_and_not_refused():
    event = make_event()
    answer = Api(make_person()).post(f"/events/{event.pk}/register/", {"answers": {}})
    data(answer, 201)
    assert answer["X-Ignored-Fields"] == "answers"
    for body, kind in (
        (b"{", "application/json"),
        (b"[" * 90_000, "application/json"),
        (b"x", "text/plain"),
    ):
        other = Api(make_person())
        data(
            other.client.post(
                f"/api/events/{event.pk}/register/", body, content_type=kind, headers=other.headers
            ),
            201,
        )


def test_put_changes_an_event_as_older_clients_do():
    event = make_event(description="Kept")
    path = f"/events/organizer/{event.pk}/edit/"
    said = {
        name: fields()[name]
        for name in ("title", "location", "start_time", "end_time", "seats_limit")
    }
    changed = data(Api(event.organizer).put(path, said))
    assert (changed["title"], changed["description"]) == (said["title"], "Kept")
    assert errors(Api(event.organizer).put(path, {"title": "x"})).keys() == said.keys() - {"title"}


def test_body_that_is_too_large_is_refused(settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    assert refused(Api().post("/login/", {"email": "x" * 1000})) == (413, "too_large")
