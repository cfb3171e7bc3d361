"""Tokens of the JSON API: logging in, refreshing, logging out.

A log-in makes one session, and all tokens that come of it (its family) work while that session
exists. An access token works for minutes and a refresh token once, for days.
"""

import time
from http import HTTPStatus
from typing import Any, NamedTuple

from allauth.headless.contrib.rest_framework.authentication import JWTTokenAuthentication
from allauth.headless.mfa.inputs import AuthenticateInput
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.exceptions import AuthenticationFailed

from accounts import allauth_bridge
from accounts.allauth_bridge import Payload
from accounts.login_sessions import is_expired, revoke_session
from accounts.models import LoginSession, User
from accounts.second_factor import SingleUseCode
from eventflow.core.errors import Refused

# For how many seconds a used refresh token gives the same pair again: a lost answer, or two workers
# with one token, do not end a session.
GRACE_SECONDS = 10
# The key in a session of the pairs that its refresh tokens gave just now.
RECENT_PAIRS_KEY = "refreshed"
# After how many seconds another log-in makes sense. Of the limits that count for an hour the oldest
# attempts are forgotten first, so an attempt may be free before the hour is over.
RETRY_SECONDS = 300


class Tokens(NamedTuple):
    access: str
    refresh: str


class CodeInput(SingleUseCode, AuthenticateInput):
    """The code of a second factor as it comes over the API."""


class TokenAuthentication(JWTTokenAuthentication):
    """Authenticates a request of the API by its access token, with one SQL statement."""

    def authenticate_credentials(self, key: str) -> tuple[User, Payload]:
        payload = allauth_bridge.access_payload(key)
        person = allauth_bridge.person_behind(payload) if payload else None
        if person is None or payload is None:
            raise AuthenticationFailed("Invalid token.")
        return person, payload


def log_in(request: HttpRequest, *, email: str, password: str, code: str = "") -> Tokens:
    """Return tokens for the right address and password, and start their session.

    `code` is the second factor of an account that has one: a code of its app, or a recovery code.
    Refused: `wrong_credentials`, also for an account that is blocked or not activated;
    `second_factor_required`, `second_factor_wrong`; `too_many_attempts`.
    """
    login = allauth_bridge.log_in(request, CodeInput, email=email, password=password, code=code)
    if login.status == HTTPStatus.OK:
        return Tokens(login.access, login.refresh)
    raise refusal_of(login)


def refusal_of(login: allauth_bridge.Login) -> Refused:
    """Return the refusal that says why this log-in gave no tokens."""
    if login.needs_code:
        message = _(
            "This account has a second step. "
            "Send the code of its app, or a recovery code, as `code`."
        )
        return Refused("second_factor_required", message, field="code")
    is_limited = login.status == HTTPStatus.TOO_MANY_REQUESTS
    if is_limited or "too_many_login_attempts" in login.errors:
        message = _("Too many attempts. Wait a few minutes and try again, or reset your password.")
        return Refused("too_many_attempts", message, wait=RETRY_SECONDS)
    if "incorrect_code" in login.errors:
        message = _("This code is not right. Send the newest one of the app, or a recovery code.")
        return Refused("second_factor_wrong", message, field="code")
    return Refused("wrong_credentials", _("The e-mail address or the password is wrong."))


def refresh(token: str) -> Tokens:
    """Return the next pair for this refresh token; for `GRACE_SECONDS` the same pair again.

    Used later than that it ends its session, and with it the whole family: two people hold it, and
    nobody can tell which of them is the thief.
    Refused: `token_invalid`, if it is unknown, expired or used, or its person may not log in.
    """
    payload = allauth_bridge.refresh_payload(token)
    pair = next_pair(token, payload) if payload else None
    if pair is None:
        raise Refused("token_invalid", _("This token is not valid any more. Sign in again."))
    return pair


@transaction.atomic
def next_pair(token: str, payload: Payload) -> Tokens | None:
    """Return the pair for this refresh token under its session's lock; None ends the session."""
    rows = Session.objects.filter(session_key=allauth_bridge.session_key_of(payload))
    # Of parallel calls the second one waits here, and then finds its token used.
    row = rows.select_for_update().first()
    if row is None:
        return None
    pair = None
    if not is_expired(row.get_decoded()):
        pair = recent_pair(payload) or new_pair(token)
    if pair is None:
        rows.delete()
    LoginSession.objects.filter(session_key=row.session_key).update(seen=timezone.now())
    return pair


def new_pair(token: str) -> Tokens | None:
    """Use up this refresh token and save the new pair with its session; None if it is not valid."""
    rotated = allauth_bridge.rotate_refresh_token(token)
    if rotated is None:
        return None
    session, used, pair = rotated
    save_recent_pair(session, used, Tokens(*pair))
    session.save()
    return Tokens(*pair)


def save_recent_pair(session: SessionBase, used: Payload, pair: Tokens) -> None:
    """Put the pair that a refresh token gave into its session: its payloads, never a signature."""
    now = time.time()
    pairs = session.get(RECENT_PAIRS_KEY, {})
    recent = {jti: given for jti, given in pairs.items() if now - given["at"] <= GRACE_SECONDS}
    given = {
        "at": now,
        "access": allauth_bridge.access_payload(pair.access),
        "refresh": allauth_bridge.refresh_payload(pair.refresh),
    }
    session[RECENT_PAIRS_KEY] = recent | {used["jti"]: given}


def recent_pair(used: Payload) -> Tokens | None:
    """Return the pair that this refresh token gave in the last `GRACE_SECONDS`, signed again."""
    session = allauth_bridge.valid_session_of(used)
    given = session.get(RECENT_PAIRS_KEY, {}).get(used["jti"]) if session else None
    if given is None or not 0 <= time.time() - given["at"] <= GRACE_SECONDS:
        return None
    return Tokens(allauth_bridge.sign(given["access"]), allauth_bridge.sign(given["refresh"]))


def log_out(payload: dict[str, Any], *, by: User) -> None:
    """End the session behind this access token, with every token of its family."""
    key = allauth_bridge.session_key_of(payload)
    for session in LoginSession.objects.filter(session_key=key):
        revoke_session(session, by=by)
    Session.objects.filter(session_key=key).delete()
