"""The private parts of allauth that accounts/allauth_bridge.py uses are as it expects them."""

import inspect
import re
import time
from pathlib import Path

import allauth
import pytest
from allauth.account.forms import UserTokenForm
from allauth.account.internal.flows import reauthentication
from allauth.account.stages import LoginStageController
from allauth.core.internal import ratelimit
from allauth.core.internal.sessionkit import get_session_user
from allauth.headless.account.views import LoginView
from allauth.headless.base.response import AuthenticationResponse
from allauth.headless.internal.restkit.response import ErrorResponse
from allauth.headless.internal.restkit.views import RESTView
from allauth.headless.tokens.strategies.jwt import JWTTokenStrategy, internal
from allauth.mfa.models import Authenticator
from allauth.mfa.stages import AuthenticateStage
from allauth.mfa.totp.internal import auth as totp
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.test import RequestFactory

from accounts import allauth_bridge, people
from tests.eventflow.api.clients import Api, sign_in
from tests.support.factories import PASSWORD, make_admin, make_person

# What the bridge calls or overrides, and the parameters that it uses.
CALLS = {
    "ratelimit.consume": (ratelimit.consume, ["request", "app", "action", "key"]),
    "ratelimit.clear": (ratelimit.clear, ["request", "app", "action", "key"]),
    "ratelimit.get_ip": (ratelimit.get_ip, ["request"]),
    "RateLimitUsage.rollback": (ratelimit.RateLimitUsage.rollback, ["self"]),
    "reauthentication.is_reauthentication_required": (
        reauthentication.is_reauthentication_required,
        ["request", "app"],
    ),
    "TOTP._get_used_cache_key": (totp.TOTP._get_used_cache_key, ["self", "code"]),
    "LoginStageController.enter": (LoginStageController.enter, ["request", "stage_key"]),
    "AuthenticateStage.exit": (AuthenticateStage.exit, ["self"]),
    "RESTView.handle_input": (RESTView.handle_input, ["self", "data"]),
    "LoginView.post": (LoginView.post, ["self", "request", "args", "kwargs"]),
    "AuthenticationResponse": (AuthenticationResponse.__init__, ["self", "request"]),
    "ErrorResponse": (ErrorResponse.__init__, ["self", "request", "input"]),
    "JWTTokenStrategy.get_claims": (JWTTokenStrategy.get_claims, ["self", "user"]),
    "JWTTokenStrategy.get_session_token": (
        JWTTokenStrategy.get_session_token,
        ["self", "request"],
    ),
    "JWTTokenStrategy.create_access_token_payload": (
        JWTTokenStrategy.create_access_token_payload,
        ["self", "request"],
    ),
    "internal.decode_token": (internal.decode_token, ["token", "use"]),
    "internal.session_key_from_sid": (internal.session_key_from_sid, ["sid"]),
    "internal.get_token_session": (internal.get_token_session, ["payload"]),
    "internal.validate_token_user": (internal.validate_token_user, ["token", "session"]),
    "internal.validate_refresh_token": (internal.validate_refresh_token, ["token"]),
    "internal.invalidate_refresh_token": (
        internal.invalidate_refresh_token,
        ["session", "token"],
    ),
    "internal.create_access_token": (internal.create_access_token, ["user", "session", "claims"]),
    "internal.create_refresh_token": (internal.create_refresh_token, ["user", "session"]),
}
CHANGED = (
    "allauth {version} has changed {name}: read its source, adapt accounts/allauth_bridge.py, "
    "and then this test"
)


def changed(name):
    return CHANGED.format(version=allauth.__version__, name=name)


@pytest.mark.parametrize("name", CALLS)
def test_allauth_takes_the_parameters_that_the_bridge_gives(name):
    function, expected = CALLS[name]
    assert {*expected} <= {*inspect.signature(function).parameters}, changed(name)


def test_allauth_reads_no_json_where_the_bridge_says_so():
    assert RESTView.handle_json_input is True, changed("RESTView.handle_json_input")
    assert "self.handle_json_input" in inspect.getsource(RESTView.handle), changed(
        "RESTView.handle"
    )


def test_allauth_keeps_the_secret_of_an_app_under_the_same_key():
    assert totp.SECRET_SESSION_KEY == "mfa.totp.secret", changed("totp.SECRET_SESSION_KEY")


def test_no_other_module_imports_private_parts_of_allauth():
    rooms = [
        Path(settings.BASE_DIR, name) for name in ("accounts", "events", "tickets", "eventflow")
    ]
    files = [file for room in rooms for file in room.rglob("*.py")]
    private = re.compile(r"^\s*(from|import) allauth\b.*\binternal\b", re.MULTILINE)
    assert {file.name for file in files if private.search(file.read_text())} == {
        "allauth_bridge.py"
    }


@pytest.mark.django_db
def test_counted_attempt_is_given_back(settings):
    settings.ACCOUNT_RATE_LIMITS = {"login_failed_account": "1/h/key"}
    request = RequestFactory().post("/")

    def count():
        return allauth_bridge.consume_rate(request, action="login_failed_account", key="a key")

    usage = count()
    assert (bool(usage), count()) == (True, None)
    usage.rollback()
    assert count() and not count()
    allauth_bridge.clear_rate(request, action="login_failed_account", key="a key")
    assert count()


@pytest.mark.django_db
def test_password_reset_key_is_one_that_allauth_takes():
    person = make_person()
    uid, _, token = allauth_bridge.password_reset_key(person).partition("-")
    form = UserTokenForm({"uidb36": uid, "key": token})
    assert form.is_valid() and form.reset_user == person
    assert allauth_bridge.is_password_reset_token(person, token)
    assert not allauth_bridge.is_password_reset_token(make_person(), token)


@pytest.mark.django_db
def test_blocked_code_counts_as_used_for_allauth():
    person = make_person()
    secret = totp.generate_totp_secret()
    app = totp.TOTP(Authenticator(user=person, data={"secret": totp.encrypt(secret)}))
    code = totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30 + 1))
    allauth_bridge.block_used_code(person, code)
    assert not app.validate_code(code), changed("TOTP.validate_code")
    assert totp.validate_totp_code(secret, code)


# --- Tokens ---------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    "data",
    [
        {},
        {"_auth_user_hash": "another"},
        {"_auth_user_hash": ""},
        {"_auth_user_id": "0"},
        {"_auth_user_backend": "tests.Another"},
    ],
    ids=["unchanged", "another password", "no hash", "another person", "another backend"],
)
def test_token_gives_the_person_whom_allauth_finds(data):
    access = sign_in(make_person())["access"]
    session = Session.objects.get()
    session.session_data = SessionStore().encode(session.get_decoded() | data)
    session.save()
    payload = allauth_bridge.access_payload(access)
    by_allauth = internal.validate_access_token(access)
    assert payload
    person = allauth_bridge.person_behind(payload)
    assert person == (by_allauth and by_allauth[0])
    assert person == get_session_user(SessionStore(session.session_key))
    assert bool(person) == (not data)


@pytest.mark.django_db
def test_token_of_a_blocked_person_gives_nobody():
    person = make_person()
    access = sign_in(person)["access"]
    people.block_person(person, by=make_admin())
    assert internal.validate_access_token(access) is None
    payload = allauth_bridge.access_payload(access)
    assert payload and allauth_bridge.person_behind(payload) is None


@pytest.mark.django_db
def test_log_in_depends_on_nothing_else_that_the_request_carries():
    person, other = make_person(), sign_in(make_person())
    form = {"email": person.email, "password": PASSWORD}
    for header in ("Authorization", "X-Session-Token", "Cookie"):
        key = Session.objects.earliest("pk").session_key
        api = Api()
        api.headers[header] = {
            "Authorization": f"Bearer {other['access']}",
            "X-Session-Token": key,
            "Cookie": f"sessionid={key}",
        }[header]
        answer = api.post("/login/", form)
        assert answer.status_code == 200, header
        assert not answer.cookies, header
        payload = allauth_bridge.access_payload(answer.json()["data"]["access"])
        assert payload and allauth_bridge.person_behind(payload) == person
