"""Endpoints of people: sign-up, log-in, tokens, and what Admins do with accounts."""

from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import access, activation, people, roles, sign_up, tokens
from accounts.permissions import administered_people
from accounts.tokens import TokenAuthentication
from eventflow.api import limits
from eventflow.api.describe import UNKNOWN_PARAMETER, describe
from eventflow.api.endpoint import Endpoint, PersonRequest, fetch, read_body, respond
from eventflow.api.idempotency import idempotent
from eventflow.api.pagination import (
    Rows,
    read_list_query,
    read_query,
    refuse_unknown_parameters,
    respond_with_list,
)
from eventflow.api.permissions import Admin
from eventflow.api.serializers import users as data

TOO_MANY = {
    "too_many_attempts": (
        "Too many attempts. Wait a few minutes and try again, or reset your password."
    )
}
PERSON = {
    "id": 7,
    "email": "maja@example.org",
    "first_name": "Maja",
    "last_name": "Wiśniewska",
    "is_active": True,
    "is_staff": False,
    "is_organizer": False,
    "role": "user",
    "date_joined": "2026-11-02T17:20:00Z",
}
PAIR = {"access": "eyJhbGciOiJIUzI1NiJ9.access", "refresh": "eyJhbGciOiJIUzI1NiJ9.refresh"}


class PublicEndpoint(Endpoint):
    """An endpoint for anyone. A token is ignored: it may be the old one that is being replaced.

    Its methods that hash a password are not `idempotent`: the transaction of a key would hold
    SQLite's one write lock meanwhile, and strangers would make every writer wait.
    """

    authentication_classes = []
    permission_classes = [AllowAny]


class Register(PublicEndpoint):
    @describe(
        "Sign up",
        operation="register",
        request=data.Registration,
        sent={
            "email": "maja@example.org",
            "password": "three random words",
            "first_name": "Maja",
            "last_name": "Wiśniewska",
        },
        answer=data.Registered,
        status=201,
        example={"user_id": None, "email": "maja@example.org"},
        refusals={"address_nowhere": "No mail reaches this address. Enter another.", **TOO_MANY},
    )
    def post(self, request: Request) -> Response:
        """Creates an account and mails the activation link. A taken address is answered alike, and
        its owner is mailed instead.
        """
        person = read_body(request, data.Registration)
        limits.check_page_limit(request._request, "signup")
        sign_up.sign_up(**person, language=get_language() or "en")
        return respond(
            {"user_id": None, "email": person["email"]},
            _("Check your mail: the link in it activates your account."),
            status=201,
        )


class Activate(PublicEndpoint):
    # No HEAD: whatever looks whether a link works must not press it.
    http_method_names = ["get", "options"]

    @describe(
        "Activate an account",
        operation="activate_account",
        answer=data.Activated,
        example={"email": "maja@example.org"},
        refusals={
            "activation_invalid": "This link does not work any more. Ask for a new one.",
            "email_taken": "This address belongs to another account by now.",
        },
    )
    def get(self, request: Request, token: str) -> Response:
        """Proves the address with the token of the mailed link. Again with the same token changes
        nothing.
        """
        address, first = activation.activate(token)
        return respond(
            {"email": address.email},
            _("Your account is active. Sign in.")
            if first
            else _("This account is already active."),
        )


class Login(PublicEndpoint):
    @describe(
        "Sign in",
        operation="login",
        request=data.Credentials,
        sent={"email": "maja@example.org", "password": "three random words"},
        answer=data.TokenPair,
        example=PAIR,
        refusals={
            "wrong_credentials": "The e-mail address or the password is wrong.",
            "second_factor_required": (
                "This account has a second step. "
                "Send the code of its app, or a recovery code, as `code`."
            ),
            "second_factor_wrong": (
                "This code is not right. Send the newest one of the app, or a recovery code."
            ),
            **TOO_MANY,
        },
    )
    def post(self, request: Request) -> Response:
        """Gives an access and a refresh token. An account that is not activated or is blocked is
        answered like a wrong password.
        """
        pair = tokens.log_in(request._request, **read_body(request, data.Credentials))
        return respond(pair._asdict(), _("Signed in."))


class Token(Login):
    """Another address of the log-in, at which one logs out too."""

    @property
    def logs_out(self) -> bool:
        return getattr(self.request, "method", "") == "DELETE"

    def get_authenticators(self) -> list[BaseAuthentication]:
        return [TokenAuthentication()] if self.logs_out else super().get_authenticators()

    def get_permissions(self) -> Any:
        return [IsAuthenticated()] if self.logs_out else super().get_permissions()

    @describe(
        "Sign out",
        operation="logout",
        query=data.LogoutQuery,
        refusals={"unknown_parameter": UNKNOWN_PARAMETER},
    )
    def delete(self, request: PersonRequest) -> Response:
        """Ends this session: its access token and its refresh token work no more. `all=true`: every
        session of the account, in browsers too.
        """
        refuse_unknown_parameters(request.query_params, data.LogoutQuery().fields)
        if read_query(request, data.LogoutQuery)["all"]:
            access.log_out_everywhere(request.user)
        else:
            payload: Any = request.auth
            tokens.log_out(payload, by=request.user)
        return respond(None, _("Signed out."))


class Refresh(PublicEndpoint):
    @describe(
        "Get the next pair of tokens",
        operation="refresh_token",
        request=data.RefreshToken,
        sent={"refresh": PAIR["refresh"]},
        answer=data.TokenPair,
        example=PAIR,
        refusals={"token_invalid": "This token is not valid any more. Sign in again."},
    )
    def post(self, request: Request) -> Response:
        """A refresh token works once; for ten seconds it gives the same pair again.

        Used later, it signs out everybody who holds one of its family.
        """
        pair = tokens.refresh(read_body(request, data.RefreshToken)["refresh"])
        return respond(pair._asdict())


class Me(Endpoint):
    @describe(
        "Who am I?",
        operation="get_me",
        answer=data.Me,
        example={key: PERSON[key] for key in data.Me.Meta.fields},
    )
    def get(self, request: PersonRequest) -> Response:
        return respond(data.Me(request.user).data)


class People(Endpoint):
    permission_classes = [Admin]

    @describe(
        "List people",
        operation="list_people",
        answer=data.Person,
        rows="whole",
        query=data.PersonQuery,
        example=PERSON,
    )
    def get(self, request: PersonRequest) -> Response:
        """Everybody, newest first."""
        words = read_list_query(request, data.PersonQuery)["q"]
        found = administered_people(request.user).filter(people.matching(words)).order_by("-pk")
        return respond_with_list(Rows(found, data.Person), request)


class SetOrganizer(Endpoint):
    permission_classes = [Admin]

    @describe(
        "Let somebody create events, or no longer",
        operation="set_organizer",
        request=data.OrganizerFlag,
        sent={"is_organizer": True},
        answer=data.Person,
        example=PERSON | {"role": "organizer", "is_organizer": True},
        refusals={
            "admin_organizes": (
                "An Admin can always organize. Give this person another role instead."
            )
        },
    )
    @idempotent
    def patch(self, request: PersonRequest, pk: int) -> Response:
        wanted = read_body(request, data.OrganizerFlag)["is_organizer"]
        person = roles.set_organizer(
            fetch(administered_people(request.user), pk), wanted, by=request.user
        )
        return respond(data.Person(person).data, _("Saved."))


class Role(Endpoint):
    permission_classes = [Admin]

    @describe(
        "Give somebody a role",
        operation="set_role",
        request=data.RoleChoice,
        sent={"role": "admin"},
        answer=data.Person,
        example=PERSON | {"role": "admin", "is_staff": True, "is_organizer": True},
        refusals={"last_admin": "This is the only Admin. Make somebody else Admin first."},
    )
    @idempotent
    def patch(self, request: PersonRequest, pk: int) -> Response:
        role = read_body(request, data.RoleChoice)["role"]
        person = roles.grant_role(
            fetch(administered_people(request.user), pk), role, by=request.user
        )
        return respond(data.Person(person).data, _("Saved."))
