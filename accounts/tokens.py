"""Tokens for the JSON API, on allauth's: one way to sign in for the browser and for others, and one session row behind each family of tokens."""

import copy
import json
import time
from http import HTTPStatus
from typing import Any, NamedTuple

import jwt
from allauth.headless.account.views import LoginView
from allauth.headless.constants import Client
from allauth.headless.contrib.rest_framework.authentication import JWTTokenAuthentication
from allauth.headless.mfa.inputs import AuthenticateInput
from allauth.headless.mfa.views import AuthenticateView
from allauth.headless.tokens.strategies.jwt import JWTTokenStrategy, internal
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from rest_framework.exceptions import AuthenticationFailed

from accounts.mfa import CodeOnce
from accounts.models import LoginSession, User
from accounts.sessions import end_session, is_too_old
from eventflow.core.errors import Refused

# What a request may carry of an earlier sign-in. A new one does not depend on it, valid or not.
EARLIER = ("HTTP_AUTHORIZATION", "HTTP_X_SESSION_TOKEN", "HTTP_COOKIE")

# For how many seconds a refresh token that was used gives the same pair again: a lost answer, or two workers, end nobody's session.
GRACE = 10
# Under which name a session keeps what its refresh tokens gave.
GIVEN = "refreshed"

# After how many seconds another try makes sense. Of the limits that count for an hour the oldest
# tries are forgotten first, so a try may be free before the hour is over.
RETRY = 300

# Written out, because every call to the API begins with it, and the ORM takes ten times as long to write it as the database to answer.
WITH_SESSION = """
    SELECT accounts_user.*, django_session.session_data FROM accounts_user JOIN django_session ON session_key = %s AND expire_date > %s
    WHERE accounts_user.id = %s AND is_active
"""


class CodeInput(CodeOnce, AuthenticateInput):
    """The code of a second step as it comes over the API."""


allauth_second_step = AuthenticateView.as_api_view(client=Client.APP, input_class=CodeInput)
allauth_login = LoginView.as_api_view(client=Client.APP)


class Tokens(NamedTuple):
    access: str
    refresh: str


class TokenStrategy(JWTTokenStrategy):
    """allauth's, with the claim that our clients read, and a rotation of which one of many at once succeeds."""

    def get_claims(self, user: Any) -> dict[str, Any]:
        return {"user_id": user.pk}

    def create_access_token_payload(self, request: HttpRequest) -> dict[str, Any] | None:
        # Counted from each save, so every refresh prolongs it: the session lives as long as the newest refresh token.
        request.session.set_expiry(settings.HEADLESS_JWT_REFRESH_TOKEN_EXPIRES_IN)
        return super().create_access_token_payload(request)

    @transaction.atomic
    def refresh_token(self, refresh_token: str) -> tuple[str, str] | None:
        """A new pair for a token that has not been used, and the same pair for GRACE seconds more; None otherwise.

        A token used before ends its session, and with it the whole family: two people hold it, and we cannot tell which is the thief.
        """
        payload = internal.decode_token(refresh_token, "refresh")
        if payload is None:
            return None
        sessions = Session.objects.filter(session_key=internal.session_key_from_sid(payload["sid"]))
        # Parallel refreshes queue up here, so that the second of them finds its token used.
        session = sessions.select_for_update().first()
        if session is None:
            return None
        pair = (
            None
            if is_too_old(session.get_decoded())
            else given_just_now(payload) or self.next_pair(refresh_token)
        )
        if pair is None:
            sessions.delete()
        LoginSession.objects.filter(session_key=session.session_key).update(seen=timezone.now())
        return pair

    def next_pair(self, refresh_token: str) -> tuple[str, str] | None:
        """What allauth's own does, and what was given for the token kept with it, in one write."""
        valid = internal.validate_refresh_token(refresh_token)
        if valid is None:
            return None
        person, session, used = valid
        internal.invalidate_refresh_token(session, used)
        access = internal.create_access_token(person, session, self.get_claims(person))
        pair = access, internal.create_refresh_token(person, session)
        remember(session, used, pair)
        session.save()
        return pair


def remember(session: SessionBase, used: dict[str, Any], pair: tuple[str, str]) -> None:
    """Keep what this refresh token gave, for as long as it may give it again: what the tokens say, without their signatures."""
    now = time.time()
    recent = {
        jti: given for jti, given in session.get(GIVEN, {}).items() if now - given["at"] <= GRACE
    }
    access, refreshing = (
        internal.decode_token(pair[0], "access"),
        internal.decode_token(pair[1], "refresh"),
    )
    session[GIVEN] = recent | {used["jti"]: {"at": now, "access": access, "refresh": refreshing}}


def given_just_now(used: dict[str, Any]) -> tuple[str, str] | None:
    """The very pair that this refresh token gave up to GRACE seconds ago, signed again. None for one that gave none, or longer ago."""
    session = internal.get_token_session(used)
    if session is None or internal.validate_token_user(used, session) is None:
        return None
    given = session.get(GIVEN, {}).get(used["jti"])
    if given is None or not 0 <= time.time() - given["at"] <= GRACE:
        return None
    return signed(given["access"]), signed(given["refresh"])


def signed(payload: dict[str, Any]) -> str:
    """The token that says this. The same payload is always the same token."""
    return jwt.encode(
        payload, settings.HEADLESS_JWT_PRIVATE_KEY, algorithm=settings.HEADLESS_JWT_ALGORITHM
    )


class TokenAuthentication(JWTTokenAuthentication):
    """allauth's, which reads the session and then its person; here both come with one statement."""

    def authenticate_credentials(self, key: str) -> tuple[User, dict[str, Any]]:
        payload = internal.decode_token(key, "access")
        person = person_behind(payload) if payload else None
        if person is None or payload is None:
            raise AuthenticationFailed("Invalid token.")
        return person, payload


def person_behind(payload: dict[str, Any]) -> User | None:
    """Who signed in for this token; None if they signed out since, changed the password or were blocked."""
    people: Any = User.objects.raw(
        WITH_SESSION,
        [internal.session_key_from_sid(payload["sid"]), timezone.now(), payload["sub"]],
    )
    return next(
        (
            person
            for person in people
            if is_session_of(person, SessionStore().decode(person.session_data))
        ),
        None,
    )


def is_session_of(person: User, session: dict[str, Any]) -> bool:
    """What `django.contrib.auth.get_user` asks of a session."""
    hashes = [person.get_session_auth_hash(), *person.get_session_auth_fallback_hash()]
    return (
        session.get(SESSION_KEY) == str(person.pk)
        and session.get(BACKEND_SESSION_KEY) in settings.AUTHENTICATION_BACKENDS
        and any(constant_time_compare(session.get(HASH_SESSION_KEY, ""), known) for known in hashes)
    )


def sign_in(request: HttpRequest, *, email: str, password: str, code: str = "") -> Tokens:
    """Tokens for the right address and password, by allauth's own log-in: its limits, its stages, its sessions.

    `code` is the second step of an account that has one: of its app, or a recovery code.
    Refused: wrong_credentials, also for an account that is blocked or not activated; second_factor_required,
    second_factor_wrong; too_many_attempts.
    """
    answer = allauth_login(as_stranger(request, {"email": email, "password": password}))
    said = json.loads(answer.content)
    if waits_for_second_step(said):
        answer = second_step(request, said["meta"]["session_token"], code)
        said = json.loads(answer.content)
    if answer.status_code == HTTPStatus.OK:
        return Tokens(said["meta"]["access_token"], said["meta"]["refresh_token"])
    codes = {error.get("code") for error in said.get("errors", [])}
    if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS or "too_many_login_attempts" in codes:
        raise Refused(
            "too_many_attempts",
            _("Too many attempts. Wait a few minutes and try again, or reset your password."),
            wait=RETRY,
        )
    if "incorrect_code" in codes:
        raise Refused(
            "second_factor_wrong",
            _("This code is not right. Send the newest one of the app, or a recovery code."),
            field="code",
        )
    raise Refused("wrong_credentials", _("The e-mail address or the password is wrong."))


def waits_for_second_step(said: dict[str, Any]) -> bool:
    flows = said.get("data", {}).get("flows", []) if isinstance(said.get("data"), dict) else []
    return any(flow.get("id") == "mfa_authenticate" and flow.get("is_pending") for flow in flows)


def second_step(request: HttpRequest, session_token: str, code: str) -> HttpResponse:
    """allauth's answer to the code. Unless it is right, the half-open session between the two steps goes: each try begins with the password."""
    half_open = Session.objects.filter(session_key=session_token)
    if not code:
        half_open.delete()
        raise Refused(
            "second_factor_required",
            _(
                "This account has a second step. Send the code of its app, or a recovery code, as `code`."
            ),
            field="code",
        )
    answer = allauth_second_step(
        as_stranger(request, {"code": code}, HTTP_X_SESSION_TOKEN=session_token)
    )
    if answer.status_code != HTTPStatus.OK:
        half_open.delete()
    return answer


def as_stranger(request: HttpRequest, fields: dict[str, str], **headers: str) -> HttpRequest:
    """The same request from the same address, with these fields as its body and nobody signed in."""
    stranger = copy.copy(request)
    stranger.META = {
        name: value for name, value in request.META.items() if name not in EARLIER
    } | headers
    stranger.__dict__.pop("headers", None)
    stranger._body = json.dumps(fields).encode()
    return stranger


def refresh(token: str) -> Tokens:
    """The next pair; for GRACE seconds the same one again.

    Refused: token_invalid, for one that is unknown, expired, used before or of somebody who may no longer sign in.
    """
    pair = TokenStrategy().refresh_token(token)
    if pair is None:
        raise Refused("token_invalid", _("This token is not valid any more. Sign in again."))
    return Tokens(*pair)


def end(payload: dict[str, Any], *, by: User) -> None:
    """Log out: end the session behind this access token, with every token of its family."""
    key = internal.session_key_from_sid(payload["sid"])
    for session in LoginSession.objects.filter(session_key=key):
        end_session(session, by=by)
    Session.objects.filter(session_key=key).delete()
