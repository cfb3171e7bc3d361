"""Idempotency-Key: the same request twice is done once and has one answer."""

from datetime import timedelta

import pytest

from accounts import tokens
from accounts.models import User
from eventflow.api.idempotency import is_idempotent
from eventflow.api.models import Replay
from eventflow.core.audit import AuditEntry
from eventflow.core.errors import Refused
from eventflow.mail.models import Mail
from events import services
from events.models import Event
from tests.eventflow.api.clients import Api, data, refused
from tests.eventflow.api.endpoints import ENDPOINTS
from tests.eventflow.api.event_data import CREATE, fields
from tests.eventflow.api.keyed_requests import assert_replay
from tests.support.factories import (
    PASSWORD,
    make_admin,
    make_event,
    make_organizer,
    make_person,
    make_reservation,
)
from tickets.models import Reservation

db = pytest.mark.django_db

METHODS = ("post", "put", "patch", "delete")
UNSAFE = [
    (method, route, getattr(view, method))
    for route, view in ENDPOINTS
    for method in METHODS
    if hasattr(view, method)
]
KEYED = [(method, route) for method, route, handler in UNSAFE if is_idempotent(handler)]


def counts():
    return [model.objects.count() for model in (User, Event, Reservation, AuditEntry, Mail)]


# --- one deed -------------------------------------------------------------------------------------


@db
def test_idempotency_key_is_taken_by_every_method_that_changes_something():
    """Whatever the answer is: here mostly refusals, which are answers too."""
    ignoring = {(method, route) for method, route, handler in UNSAFE if not is_idempotent(handler)}
    assert ignoring == {
        ("post", "/login/"),
        ("post", "/token/"),
        ("delete", "/token/"),
        ("post", "/token/refresh/"),
        ("post", "/users/login/"),
        ("post", "/users/refresh/"),
        ("post", "/users/register/"),
    }
    assert len(KEYED) > 10
    api = Api(make_admin())
    for method, route in KEYED:
        first, again = (
            api.send(method, route, {}, key=f"{method} {route}".replace(" ", "-")) for _ in range(2)
        )
        assert_replay(first, again)


@pytest.mark.both
@db
def test_creating_twice_makes_one_event():
    api = Api(make_organizer())
    first = api.post(CREATE, fields(), key="k-1")
    before = counts()
    assert_replay(first, api.post(CREATE, fields(), key="k-1"))
    assert counts() == before
    assert Event.objects.count() == 1
    assert data(api.post(CREATE, fields(), key="k-2"), 201)["id"] != data(first, 201)["id"]
    data(api.post(CREATE, fields()), 201)
    assert Event.objects.count() == 3


@pytest.mark.both
@db
def test_reserving_twice_is_one_reservation_and_no_refusal():
    event, maja = make_event(), Api(make_person())
    path = f"/events/{event.pk}/register/"
    first = maja.post(path, key="reserve")
    assert_replay(first, maja.post(path, key="reserve"))
    assert data(first, 201)["queue_position"] == 1
    assert refused(maja.post(path)) == (400, "already_registered")


@db
def test_replay_of_a_refusal_stays_a_refusal():
    event = make_event(seats_limit=1)
    first = make_reservation(event, status="confirmed")
    waiting = make_reservation(event)
    organizer, path = Api(event.organizer), f"/reservations/{waiting.pk}/status/"
    no = organizer.patch(path, {"status": "confirmed"}, key="decide")
    assert refused(no) == (400, "event_full")
    data(Api(first.person).delete(f"/reservations/{first.pk}/"))
    assert_replay(no, organizer.patch(path, {"status": "confirmed"}, key="decide"))
    assert data(organizer.patch(path, {"status": "confirmed"}, key="decide-again")) == {
        "status": "confirmed"
    }


@db
def test_replay_has_the_language_of_the_first_answer():
    event, person = make_event(), make_person()
    first = Api(person, language="pl").post(f"/events/{event.pk}/register/", key="k")
    assert_replay(first, Api(person, language="en").post(f"/events/{event.pk}/register/", key="k"))


@db
def test_key_with_another_request_is_refused():
    api, mine = Api(organizer := make_organizer()), make_event(status="draft")
    Event.objects.update(organizer=organizer)
    data(api.post(CREATE, fields(), key="k"), 201)
    others = [
        api.post(CREATE, fields(title="Another"), key="k"),
        api.post(f"{CREATE}?x=1", fields(), key="k"),
        api.post(f"/events/organizer/{mine.pk}/publish/", fields(), key="k"),
        api.patch(f"/events/organizer/{mine.pk}/edit/", fields(), key="k"),
    ]
    assert [refused(answer) for answer in others] == [(422, "idempotency_other_body")] * 4
    assert Event.objects.get(pk=mine.pk).is_draft
    assert Event.objects.count() == 2


@pytest.mark.both
@db
def test_keys_of_two_people_have_nothing_to_do_with_each_other():
    for person in (make_organizer(), make_organizer()):
        data(Api(person).post(CREATE, fields(), key="k"), 201)
    assert Event.objects.count() == 2


@db
def test_key_of_a_stranger_is_ignored_and_leaves_no_row():
    """No row for each key of a stranger, and no transaction around the hash of a password."""
    person = make_person()
    sent = [
        ("/login/", {"email": person.email, "password": PASSWORD}, 200),
        ("/token/", {"email": person.email, "password": "wrong"}, 401),
        ("/token/refresh/", {"refresh": "none"}, 401),
        ("/users/register/", {"email": "maja@example.org", "password": PASSWORD}, 201),
    ]
    for path, body, status in sent:
        for key in ("k", "k", "x" * 300):
            answer = Api().post(path, body, key=key)
            assert (answer.status_code, "Idempotent-Replayed" in answer) == (status, False), path
    assert not Replay.objects.exists()


@pytest.mark.both
@db
def test_limit_that_is_met_is_not_the_answer_of_its_key(monkeypatch):
    organizer = make_organizer()
    with monkeypatch.context() as patched:
        patched.setattr(services, "create", lambda *args, **kwargs: refuse())
        assert refused(Api(organizer).post(CREATE, fields(), key="k")) == (429, "too_many_attempts")
    assert not Replay.objects.exists()
    data(Api(organizer).post(CREATE, fields(), key="k"), 201)


def refuse():
    raise Refused("too_many_attempts", "Later.", wait=60)


@db
@pytest.mark.parametrize("key", [" ", "a b", "ż", "x" * 256, "\x7f"])
def test_malformed_key_is_refused(key):
    api = Api(make_organizer())
    api.headers["Idempotency-Key"] = key
    assert refused(api.post(CREATE, fields())) == (400, "idempotency_key_invalid")
    assert not Event.objects.exists()


@pytest.mark.both
@db
def test_keys_are_remembered_for_a_day():
    api = Api(make_organizer())
    api.post(CREATE, fields(), key="k")
    Replay.objects.update(created=Replay.objects.get().created - timedelta(hours=24, seconds=1))
    assert "Idempotent-Replayed" not in api.post(CREATE, fields(title="Another"), key="k")
    assert (Event.objects.count(), Replay.objects.count()) == (2, 1)


@pytest.mark.both
@db
def test_server_error_is_not_stored(monkeypatch):
    api = Api(make_organizer())
    original = AuditEntry.save
    monkeypatch.setattr(AuditEntry, "save", lambda *args, **kwargs: 1 / 0)
    assert refused(api.post(CREATE, fields(), key="k")) == (500, "server_error")
    assert not Event.objects.exists()
    assert not Replay.objects.exists()
    monkeypatch.setattr(AuditEntry, "save", original)
    data(api.post(CREATE, fields(), key="k"), 201)


@db
def test_unauthorized_request_is_not_stored():
    assert refused(Api().post(CREATE, fields(), key="k")) == (401, "not_authenticated")
    assert refused(Api(make_person()).post(CREATE, fields(), key="k")) == (403, "forbidden")
    assert not Replay.objects.exists()


# --- tokens ---------------------------------------------------------------------------------------


@pytest.mark.both
@db
def test_stolen_token_revokes_its_family_although_it_is_refused(monkeypatch):
    pair = data(Api().post("/login/", {"email": make_person().email, "password": PASSWORD}))
    later = data(Api().post("/token/refresh/", {"refresh": pair["refresh"]}))
    monkeypatch.setattr(tokens, "GRACE_SECONDS", -1)
    assert refused(Api().post("/token/refresh/", {"refresh": pair["refresh"]}, key="thief")) == (
        401,
        "token_invalid",
    )
    assert refused(Api(token=later["access"]).get("/users/me/")) == (401, "token_invalid")


@db
def test_stored_row_reveals_nothing():
    title = "A very private party"
    data(Api(make_organizer()).post(CREATE, fields(title=title), key="the-secret-key"), 201)
    row = Replay.objects.values().get()
    told = b" ".join(
        value if isinstance(value, bytes) else str(value).encode()
        for value in map(plain, row.values())
    )
    for secret in (title, "the-secret-key"):
        assert secret.encode() not in told


def plain(value):
    return bytes(value) if isinstance(value, memoryview) else value
