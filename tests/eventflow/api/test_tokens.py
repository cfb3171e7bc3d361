"""Tokens: what they hold, how long they last, and who ends them."""

import time
from datetime import timedelta

import jwt
import pytest
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.utils import timezone

from accounts import allauth_bridge, people, roles, tokens
from accounts.models import User
from tests.eventflow.api.clients import Api, data, refused, sign_in
from tests.support import processes
from tests.support.factories import make_admin, make_organizer, make_person

db = pytest.mark.django_db


def claims(token):
    return jwt.decode(token, settings.HEADLESS_JWT_PRIVATE_KEY, algorithms=["HS256"])


def forged(token, *, key=None, algorithm="HS256", **changes):
    key = settings.HEADLESS_JWT_PRIVATE_KEY if key is None else key
    return jwt.encode(claims(token) | changes, key, algorithm=algorithm)


def holds(token):
    return Api(token=token).get("/users/me/").status_code == 200


class Later:
    """The clock of the tokens, so many seconds ahead."""

    def __init__(self, seconds):
        self.seconds = seconds

    def time(self):
        return time.time() + self.seconds


def refresh(token):
    return Api().post("/token/refresh/", {"refresh": token})


@db
def test_access_token_names_the_person_and_lasts_as_long_as_set():
    person = make_person()
    pair = sign_in(person)
    access, refreshing = claims(pair["access"]), claims(pair["refresh"])
    assert (access["user_id"], type(access["user_id"])) == (person.pk, int)
    assert access["exp"] - access["iat"] == 60 * 60
    assert refreshing["exp"] - refreshing["iat"] == 7 * 86400
    assert "user_id" not in refreshing


@db
def test_tokens_hold_nothing_private():
    person = make_person()
    pair = sign_in(person)
    for token in pair.values():
        assert claims(token).keys() <= {"user_id", "iat", "exp", "sid", "jti", "token_use", "sub"}
        assert Session.objects.get().session_key not in token


@db
def test_access_token_of_another_issuer_is_refused():
    pair = sign_in(make_person())
    access = pair["access"]
    head, body, signature = access.split(".")
    bad = {
        "tampered": f"{head}.{body}.{signature[:-2]}AA",
        "expired": forged(access, exp=int(time.time()) - 1),
        "another key": forged(access, key="x" * 64),
        "no algorithm": forged(access, key="", algorithm="none"),
        "another algorithm": forged(access, algorithm="HS512"),
        "a refresh token": pair["refresh"],
        "another person": forged(access, sub=str(make_admin().pk)),
        "another session": forged(access, sid="bm9uc2Vuc2U="),
        "no session": forged(access, sid=""),
        "binary": "\xff",
        "long": "x" * 5000,
    }
    assert holds(access)
    assert {name: holds(token) for name, token in bad.items()} == dict.fromkeys(bad, False)


@db
@pytest.mark.parametrize(
    "changed",
    [
        {"_auth_user_hash": "another"},
        {"_auth_user_hash": ""},
        {"_auth_user_id": "0"},
        {"_auth_user_backend": "tests.Another"},
        {},
    ],
    ids=["password changed", "no hash", "another person", "another backend", "run out"],
)
def test_token_holds_no_longer_than_its_session(changed):
    token = sign_in(make_person())["access"]
    session = Session.objects.get()
    assert holds(token)
    session.session_data = SessionStore().encode(session.get_decoded() | changed)
    session.expire_date = timezone.now() + timedelta(hours=1 if changed else -1)
    session.save()
    assert not holds(token)


@db
def test_token_outlives_a_new_secret_while_the_old_one_is_a_fallback(settings):
    token, old = sign_in(make_person())["access"], settings.SECRET_KEY
    person = allauth_bridge.person_behind({**claims(token)})
    assert person
    data_of_old = Session.objects.get().get_decoded()
    settings.SECRET_KEY = "another-secret"
    assert not allauth_bridge.is_session_of(person, data_of_old)
    settings.SECRET_KEY_FALLBACKS = [old]
    assert allauth_bridge.is_session_of(person, data_of_old)


@db
@pytest.mark.parametrize(
    "token", ["", "x", "a.b.c", "\x00", "\ud800", "x" * 10_000, 7, None, ["x"]]
)
def test_refresh_refuses_whatever_is_no_token(token):
    assert refresh(token).status_code in {400, 401}


@db
def test_refresh_does_not_take_an_access_token():
    assert refused(refresh(sign_in(make_person())["access"])) == (401, "token_invalid")


@pytest.mark.both
@db
def test_refresh_token_gives_the_same_pair_for_ten_seconds(monkeypatch):
    first = sign_in(make_person())
    second = data(refresh(first["refresh"]))
    third = data(refresh(second["refresh"]))
    monkeypatch.setattr(tokens, "time", Later(9))
    assert data(refresh(first["refresh"])) == second
    assert data(refresh(second["refresh"])) == third
    assert holds(second["access"])
    assert data(refresh(third["refresh"])) not in (first, second, third)


@db
def test_session_row_reveals_no_token():
    first = sign_in(make_person())
    second = data(refresh(first["refresh"]))
    kept = str(Session.objects.get().get_decoded())
    for token in (*first.values(), *second.values()):
        assert token not in kept
        assert token.rpartition(".")[2] not in kept


@pytest.mark.both
@db
@pytest.mark.parametrize("end", ["password", "block", "log out"])
def test_within_the_ten_seconds_nobody_gets_a_pair_whose_session_is_over(end):
    person = make_person()
    pair = sign_in(person)
    second = data(refresh(pair["refresh"]))
    if end == "password":
        person.set_password("another battery staple")
        person.save()
    elif end == "block":
        people.block_person(person, by=make_admin())
    else:
        data(Api(token=second["access"]).delete("/token/"))
    assert refused(refresh(pair["refresh"])) == (401, "token_invalid")
    assert not holds(second["access"])


@db
def test_log_out_ends_this_session_and_no_other():
    person = make_person()
    here, there = sign_in(person), sign_in(person)
    answer = Api(token=here["access"]).delete("/token/")
    assert data(answer) is None
    assert not holds(here["access"])
    assert refused(refresh(here["refresh"])) == (401, "token_invalid")
    assert holds(there["access"])
    assert refused(Api(token=here["access"]).delete("/token/")) == (401, "token_invalid")
    assert refused(Api().delete("/token/")) == (401, "not_authenticated")


@db
def test_log_out_everywhere_ends_tokens_and_browsers(client):
    person, other = make_person(), sign_in(make_person())
    pairs = [sign_in(person), sign_in(person)]
    client.force_login(person)
    data(Api(token=pairs[0]["access"]).delete("/token/?all=true"))
    assert not any(holds(pair["access"]) for pair in pairs)
    assert client.get("/accounts/settings/").status_code == 302
    assert holds(other["access"])


@db
@pytest.mark.parametrize(
    ("query", "code"),
    [("all=maybe", "invalid"), ("everywhere=true", "unknown_parameter"), ("all=%00", "invalid")],
)
def test_log_out_refuses_what_it_does_not_understand(query, code):
    token = sign_in(make_person())["access"]
    assert refused(Api(token=token).delete(f"/token/?{query}")) == (400, code)
    assert holds(token)


@pytest.mark.both
@db
def test_refresh_token_works_once_and_its_later_use_ends_the_family(monkeypatch):
    person = make_person()
    first, elsewhere = sign_in(person), sign_in(person)
    second = data(refresh(first["refresh"]))
    third = data(refresh(second["refresh"]))
    assert holds(third["access"])
    monkeypatch.setattr(tokens, "time", Later(tokens.GRACE_SECONDS + 1))
    assert refused(refresh(first["refresh"])) == (401, "token_invalid")
    assert not any(holds(pair["access"]) for pair in (first, second, third))
    assert refused(refresh(third["refresh"])) == (401, "token_invalid")
    assert holds(elsewhere["access"])
    assert data(refresh(elsewhere["refresh"]))


@db
def test_password_change_revokes_every_token(client):
    person = make_person()
    pair = sign_in(person)
    person.set_password("another battery staple")
    person.save()
    assert not holds(pair["access"])
    assert refused(refresh(pair["refresh"])) == (401, "token_invalid")


@db
def test_role_change_counts_from_the_next_request():
    organizer = make_organizer()
    api = Api(organizer)
    assert api.get("/events/organizer/metrics/").status_code == 200
    roles.grant_role(organizer, User.Role.USER, by=make_admin())
    assert refused(api.get("/events/organizer/metrics/")) == (403, "forbidden")


@pytest.mark.both
@db
def test_sessions_live_as_long_as_their_newest_refresh_token(settings):
    settings.HEADLESS_JWT_REFRESH_TOKEN_EXPIRES_IN = 30 * 86400
    pair = sign_in(make_person())
    lives = (Session.objects.get().expire_date.timestamp() - time.time()) / 86400
    assert round(lives, 1) == 30
    Session.objects.update(expire_date="2020-01-01T00:00Z")
    assert not holds(pair["access"])
    call_command("clearsessions")
    assert refused(refresh(pair["refresh"])) == (401, "token_invalid")


@db
def test_tokens_of_another_secret_are_refused(settings):
    pair = sign_in(make_person())
    settings.HEADLESS_JWT_PRIVATE_KEY = "y" * 64
    assert not holds(pair["access"])
    assert refused(refresh(pair["refresh"])) == (401, "token_invalid")


@pytest.mark.process("settings are read at a start")
@db
def test_lifetimes_come_from_the_environment():
    words = (
        "from django.conf import settings as s; "
        "print(s.HEADLESS_JWT_ACCESS_TOKEN_EXPIRES_IN, s.HEADLESS_JWT_REFRESH_TOKEN_EXPIRES_IN)"
    )
    told = processes.run(
        processes.command("shell", "--no-imports", "--command", words),
        ACCESS_TOKEN_LIFETIME_MINUTES=1,
        REFRESH_TOKEN_LIFETIME_DAYS=2,
    )
    assert told.stdout.split() == ["60", "172800"], told.stderr


@db
def test_lifetimes_reach_the_tokens(settings):
    (
        settings.HEADLESS_JWT_ACCESS_TOKEN_EXPIRES_IN,
        settings.HEADLESS_JWT_REFRESH_TOKEN_EXPIRES_IN,
    ) = 60, 172800
    pair = {use: claims(token) for use, token in sign_in(make_person()).items()}
    assert {use: told["exp"] - told["iat"] for use, told in pair.items()} == {
        "access": 60,
        "refresh": 172800,
    }
