"""The one module that depends on private parts of django-allauth (65).

Each function here hides one of them behind plain arguments. The parts are: the counters of
`allauth.core.internal.ratelimit`, which the public module cannot give back; the tokens of
`allauth.headless.tokens.strategies.jwt.internal`; the views of `allauth.headless`, which log a
client of the API in; the memory of used codes and the key of the app's secret in
`allauth.mfa.totp.internal`; and the check of a recent log-in in
`allauth.account.internal.flows.reauthentication`. tests/accounts/test_allauth_bridge.py fails with
a sentence for each of them that a new version of allauth changes.
"""

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, ClassVar, NamedTuple

import jwt
from allauth.account.forms import default_token_generator
from allauth.account.internal.flows import reauthentication
from allauth.account.stages import LoginStageController
from allauth.account.utils import user_pk_to_url_str
from allauth.core.internal import ratelimit
from allauth.headless.account.views import LoginView
from allauth.headless.base.response import AuthenticationResponse
from allauth.headless.constants import Client
from allauth.headless.internal.restkit.inputs import Input
from allauth.headless.internal.restkit.response import ErrorResponse
from allauth.headless.tokens.strategies.jwt import JWTTokenStrategy, internal
from allauth.mfa import app_settings as mfa_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.stages import AuthenticateStage
from allauth.mfa.totp.internal import auth as totp
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.models import User

# The app whose ACCOUNT_RATE_LIMITS count.
ACCOUNT_APP = "allauth.account"
# The key in the session of the secret that a new authenticator app is being set up with.
TOTP_SECRET_KEY = totp.SECRET_SESSION_KEY

type Usage = ratelimit.RateLimitUsage
type Payload = dict[str, Any]

# One statement instead of allauth's two (session, then person), because every call of the API
# begins with it. It is written out: Django takes ten times as long to compile it as the database
# to answer it.
PERSON_WITH_SESSION = """
    SELECT accounts_user.*, django_session.session_data
    FROM accounts_user JOIN django_session ON session_key = %s AND expire_date > %s
    WHERE accounts_user.id = %s AND is_active
"""


# --- counters -------------------------------------------------------------------------------------


def consume_rate(request: HttpRequest, *, action: str, key: str) -> Usage | None:
    """Count once for this action of ACCOUNT_RATE_LIMITS and key; None if its limit is reached.

    `rollback()` of what it returns takes the count back.
    """
    return ratelimit.consume(request, app=ACCOUNT_APP, action=action, key=key)


def clear_rate(request: HttpRequest, *, action: str, key: str) -> None:
    """Forget all counts of this action and key."""
    ratelimit.clear(request, app=ACCOUNT_APP, action=action, key=key)


def client_ip(request: HttpRequest) -> str:
    """Return the IP address of the client; of an IPv6 one the network that allauth counts by."""
    return ratelimit.get_ip(request)


# --- passwords ------------------------------------------------------------------------------------


def password_reset_key(person: User) -> str:
    """Return the key of a link to a new password: the person's id and a token."""
    return f"{user_pk_to_url_str(person)}-{default_token_generator.make_token(person)}"


def is_password_reset_token(person: User, token: str) -> bool:
    """Whether the token of such a key is this person's and still valid."""
    return bool(default_token_generator.check_token(person, token))


def is_reauthentication_required(request: HttpRequest) -> bool:
    """Whether the person's last log-in in this browser is too long ago for a sensitive page."""
    return bool(reauthentication.is_reauthentication_required(request, app=""))


# --- the second factor ----------------------------------------------------------------------------


def block_used_code(person: User, code: str) -> None:
    """Make this code of the person's authenticator app useless for as long as it would be right.

    allauth itself remembers a used code for one step of its clock, though the steps before and
    after count, too. This prolongs its memory, under its own key.
    """
    steps = 2 * mfa_settings.TOTP_TOLERANCE + 1
    key = totp.TOTP(Authenticator(user_id=person.pk))._get_used_cache_key(code)
    cache.set(key, "y", timeout=steps * mfa_settings.TOTP_PERIOD)


# --- log-in of a client of the API ----------------------------------------------------------------


class Login(NamedTuple):
    """What allauth answers to a client that logs in.

    `status`: of HTTP. `errors`: allauth's codes. `access`, `refresh`: the tokens, where the status
    is 200. `needs_code`: the password is right, and the second factor is missing.
    """

    status: int
    errors: set[str]
    access: str = ""
    refresh: str = ""
    needs_code: bool = False


class PasswordAndCodeView(LoginView):
    """allauth's log-in of a client, with fields that its caller gives instead of a JSON body.

    Takes the code of a second factor in the same request. A log-in that lacks it or has a wrong one
    leaves no session: each attempt begins with the password.
    """

    handle_json_input = False
    fields: ClassVar[dict[str, str]] = {}
    code = ""
    code_input: Callable[..., Input] | None = None

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        refused = self.handle_input(self.fields)
        if refused is not None:
            return refused
        answer = super().post(request, *args, **kwargs)
        stage = LoginStageController.enter(request, AuthenticateStage.key)
        return answer if stage is None else self.take_code(request, stage, answer)

    def take_code(self, request: HttpRequest, stage: Any, answer: HttpResponse) -> HttpResponse:
        if not self.code or self.code_input is None:
            request.session.flush()
            return answer
        form = self.code_input(data={"code": self.code}, user=stage.login.user)
        if not form.is_valid():
            request.session.flush()
            return ErrorResponse(request, input=form)
        form.save()
        stage.exit()
        return AuthenticationResponse(request)


def log_in(
    request: HttpRequest, code_input: type[Input], *, email: str, password: str, code: str
) -> Login:
    """Log a client of the API in by allauth's rules: its limits, its stages, its sessions.

    The session belongs to the tokens alone: that of `request` stays as it is, and whoever it
    belongs to does not matter. `code_input` is the form that checks `code`.
    """
    view = PasswordAndCodeView.as_api_view(
        client=Client.APP,
        fields={"email": email, "password": password},
        code=code,
        code_input=code_input,
    )
    answer = view(request)
    body = json.loads(answer.content)
    errors = {error.get("code") for error in body.get("errors", [])}
    if answer.status_code == HTTPStatus.OK:
        tokens = body["meta"]
        return Login(answer.status_code, errors, tokens["access_token"], tokens["refresh_token"])
    return Login(answer.status_code, errors, needs_code=is_code_pending(body))


def is_code_pending(body: dict[str, Any]) -> bool:
    """Whether this answer of allauth says that the code of a second factor is missing."""
    data = body.get("data")
    flows = data.get("flows", []) if isinstance(data, dict) else []
    pending = [flow["id"] for flow in flows if flow.get("is_pending")]
    return AuthenticateStage.key in pending


# --- tokens ---------------------------------------------------------------------------------------


class TokenStrategy(JWTTokenStrategy):
    """allauth's JSON Web Tokens, with the claim `user_id` that clients of our API read."""

    def get_claims(self, user: Any) -> Payload:
        return {"user_id": user.pk}

    def get_session_token(self, request: HttpRequest) -> str | None:
        """Return None: a log-in never continues a session that the request names."""
        return None

    def create_access_token_payload(self, request: HttpRequest) -> Payload | None:
        # Counted from each save, so that the session lives as long as its newest refresh token.
        request.session.set_expiry(settings.HEADLESS_JWT_REFRESH_TOKEN_EXPIRES_IN)
        return super().create_access_token_payload(request)


def access_payload(token: str) -> Payload | None:
    """Return what a valid access token says; None for any other text."""
    return internal.decode_token(token, "access")


def refresh_payload(token: str) -> Payload | None:
    """Return what a valid refresh token says; None for any other text."""
    return internal.decode_token(token, "refresh")


def create_access_token(person: User, session: SessionBase) -> str:
    """Return a new access token of this person, which is valid while the session exists."""
    return internal.create_access_token(person, session, TokenStrategy().get_claims(person))


def sign(payload: Payload) -> str:
    """Return the token with this payload. The same payload always gives the same token."""
    key, algorithm = settings.HEADLESS_JWT_PRIVATE_KEY, settings.HEADLESS_JWT_ALGORITHM
    return jwt.encode(payload, key, algorithm=algorithm)


def session_key_of(payload: Payload) -> str | None:
    """Return the key of the session behind a token; None if the token names none."""
    return internal.session_key_from_sid(payload["sid"])


def valid_session_of(payload: Payload) -> SessionBase | None:
    """Return the session behind a token if it has not expired and is still the token's person's."""
    session = internal.get_token_session(payload)
    if session is None or internal.validate_token_user(payload, session) is None:
        return None
    return session


def rotate_refresh_token(token: str) -> tuple[SessionBase, Payload, tuple[str, str]] | None:
    """Use up a refresh token. None if it is not valid or was used before.

    Returns its session, which the caller saves, its payload, and the new access and refresh token.
    """
    valid = internal.validate_refresh_token(token)
    if valid is None:
        return None
    person, session, payload = valid
    internal.invalidate_refresh_token(session, payload)
    pair = create_access_token(person, session), internal.create_refresh_token(person, session)
    return session, payload, pair


def person_behind(payload: Payload) -> User | None:
    """Return who logged in for this access token, by one statement.

    None if they logged out since, changed the password or were blocked.
    """
    parameters = [session_key_of(payload), timezone.now(), payload["sub"]]
    people: Any = User.objects.raw(PERSON_WITH_SESSION, parameters)
    for person in people:
        if is_session_of(person, SessionStore().decode(person.session_data)):
            return person
    return None


def is_session_of(person: User, session: dict[str, Any]) -> bool:
    """Whether a session with this data logs this person in.

    The same test as `django.contrib.auth.get_user`, which would read the person once more.
    """
    hashes = [person.get_session_auth_hash(), *person.get_session_auth_fallback_hash()]
    given = session.get(HASH_SESSION_KEY, "")
    return (
        session.get(SESSION_KEY) == str(person.pk)
        and session.get(BACKEND_SESSION_KEY) in settings.AUTHENTICATION_BACKENDS
        and any(constant_time_compare(given, valid) for valid in hashes)
    )
