"""Tokens for the JSON API, on allauth's: one way to sign in for the browser and for others, and one session row behind each family of tokens."""

import copy
import json
from http import HTTPStatus
from typing import Any, NamedTuple

from allauth.headless.account.views import LoginView
from allauth.headless.constants import Client
from allauth.headless.tokens.strategies.jwt import JWTTokenStrategy, internal
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from eventflow.errors import Refused

# What a request may carry of an earlier sign-in. A new one does not depend on it, valid or not.
EARLIER = ("HTTP_AUTHORIZATION", "HTTP_X_SESSION_TOKEN", "HTTP_COOKIE")

# The longest that allauth's limits on log-ins make anybody wait, in seconds.
RETRY = 300

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
        """A new pair for a token that has not been used; None otherwise.

        A token used before ends its session, and with it the whole family: two people hold it, and we cannot tell which is the thief.
        """
        payload = internal.decode_token(refresh_token, "refresh")
        if payload is None:
            return None
        sessions = Session.objects.filter(session_key=internal.session_key_from_sid(payload["sid"]))
        # Parallel refreshes queue up here, so that the second of them finds its token used.
        if sessions.select_for_update().first() is None:
            return None
        pair = super().refresh_token(refresh_token)
        if pair is None:
            sessions.delete()
        return pair


def sign_in(request: HttpRequest, *, email: str, password: str) -> Tokens:
    """Tokens for the right address and password, by allauth's own log-in: its limits, its stages, its sessions.

    Refused: wrong_credentials, also for an account that is blocked or not activated; too_many_attempts.
    """
    answer = allauth_login(as_stranger(request, {"email": email, "password": password}))
    said = json.loads(answer.content)
    if answer.status_code == HTTPStatus.OK:
        return Tokens(said["meta"]["access_token"], said["meta"]["refresh_token"])
    if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS or any(error.get("code") == "too_many_login_attempts" for error in said.get("errors", [])):
        raise Refused("too_many_attempts", _("Too many attempts. Wait a few minutes and try again, or reset your password."), wait=RETRY)
    raise Refused("wrong_credentials", _("The e-mail address or the password is wrong."))


def as_stranger(request: HttpRequest, fields: dict[str, str]) -> HttpRequest:
    """The same request from the same address, with these fields as its body and nobody signed in."""
    stranger = copy.copy(request)
    stranger.META = {name: value for name, value in request.META.items() if name not in EARLIER}
    stranger.__dict__.pop("headers", None)
    stranger._body = json.dumps(fields).encode()
    return stranger


def refresh(token: str) -> Tokens:
    """The next pair. Refused: token_invalid, for one that is unknown, expired, used or of somebody who may no longer sign in."""
    pair = TokenStrategy().refresh_token(token)
    if pair is None:
        raise Refused("token_invalid", _("This token is not valid any more. Sign in again."))
    return Tokens(*pair)
