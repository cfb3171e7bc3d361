"""The OpenAPI document: what `describe` says of an endpoint, and what is true of all of them."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Literal

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent, get_doc
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework import serializers
from rest_framework.permissions import AllowAny

from eventflow.api.idempotency import is_idempotent
from eventflow.api.permissions import Admin, Organizer
from eventflow.api.refusals import FRAMEWORK, STATUS_OF
from eventflow.core.errors import BUSY, UNAVAILABLE, envelope

# code: (status, message), of what is refused outside of the services.
GENERAL = {code: (status, message) for _, status, code, message in FRAMEWORK}
IDEMPOTENCY = ["idempotency_key_invalid", "idempotency_in_flight", "idempotency_other_body"]
GENERAL |= {
    "idempotency_key_invalid": (
        400,
        "An Idempotency-Key is 1 to 255 printable ASCII characters, without spaces.",
    ),
    "idempotency_in_flight": (409, "The same request is being worked on. Ask again in a second."),
    "idempotency_other_body": (
        422,
        "This Idempotency-Key came with another request before. Use a new key for a new request.",
    ),
    "busy": (503, BUSY),
    "unavailable": (503, UNAVAILABLE),
}
TITLES = {
    400: "Refused: `code` says why, `errors` which field.",
    401: "No token, or one that is not valid.",
    403: "Signed in, but not allowed.",
    404: "No such thing, or nothing the caller may know of.",
    405: "This address does not take that method.",
    409: "The same Idempotency-Key is being worked on; `Retry-After` says when to ask again.",
    413: "More than 1 MiB.",
    415: "The body is neither JSON nor a form.",
    422: "The Idempotency-Key came with another request before.",
    429: "Too many requests; `Retry-After` says when to come back.",
    503: "Too many people at once, or the database is away; `Retry-After` says when to come back.",
}
# Other addresses of an operation, for older clients. (method, path): its name in generated clients.
ALIASES = {
    ("POST", "/api/token/"): "login_at_token",
    ("POST", "/api/users/login/"): "login_at_users",
    ("POST", "/api/users/refresh/"): "refresh_token_at_users",
    ("GET", "/api/reservations/{ref}/inspect/"): "inspect_reservation_at_reservations",
}
PATH = {
    "id": (int, "The id of the event, reservation or person."),
    "ref": (str, "A reservation's id, or the text of a ticket's QR code."),
    "token": (str, "What stands in the mailed link."),
}
# A line break within a paragraph: the source is wrapped, the document is not.
LINE_BREAK = re.compile(r"(?<!\n)\n(?!\n)")
REQUEST_ID = (
    "The request's id: the caller's own, if it sent a well-formed one. "
    "Stands on every log line of ours."
)
LINK = (
    "Where there are more rows than are sent at once: "
    'the page on which the others begin, as `rel="next"`.'
)
# name: (type, description), of an answer.
HEADERS = {
    "X-Request-ID": ("string", REQUEST_ID),
    "X-RateLimit-Limit": ("integer", "Requests in a window."),
    "X-RateLimit-Remaining": ("integer", "Requests left in this window."),
    "X-RateLimit-Reset": ("integer", "Seconds until the next window."),
}
WHOLE = {
    "X-Total-Count": ("integer", "How many rows there are, of a list that is sent whole."),
    "Link": ("string", LINK),
}
IGNORED = {
    "X-Ignored-Fields": (
        "string",
        "The fields of the body that are not known here, if there were any.",
    )
}
REQUEST_HEADERS = {
    "Accept-Language": "`en` or `pl`: the language of `message`; else English.",
    "X-Request-ID": "An id of the caller's own: "
    "8 to 64 letters, digits, dots, underscores, hyphens.",
}
KEY = (
    "Send the same key with a request sent again: "
    "it gets the first answer, for 24 hours, and nothing happens twice."
)
RETRY = {"Retry-After": ("integer", "Seconds after which another try makes sense.")}


class Refusal(serializers.Serializer):
    """What every refusal looks like."""

    success = serializers.BooleanField()
    message = serializers.CharField(help_text="For people, in the language asked for.")
    detail = serializers.CharField(help_text="The same as `message`.")
    code = serializers.CharField(help_text="For machines: stable, never translated.")

    def get_fields(self) -> dict[str, serializers.Field]:
        """With `errors`, a name that a serializer has as a property already."""
        errors = serializers.DictField(
            child=serializers.ListField(child=serializers.CharField()),
            help_text="For each field, what is wrong with it.",
        )
        return super().get_fields() | {"errors": errors}


def without_versions(endpoints: list[Any]) -> list[Any]:
    """The operations without those under /api/v1/, which are the same again."""
    return [endpoint for endpoint in endpoints if not endpoint[0].startswith("/api/v1/")]


class BearerScheme(OpenApiAuthenticationExtension):
    """How drf-spectacular names allauth's tokens."""

    target_class = "accounts.tokens.TokenAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


class EnvelopeSchema(AutoSchema):
    """drf-spectacular's schema with the refusals, headers and parameters of every endpoint."""

    def get_override_parameters(self) -> list[Any]:
        header: Literal["header"] = "header"
        names = [*REQUEST_HEADERS, *(["Idempotency-Key"] if self.takes_key else [])]
        headers = [
            OpenApiParameter(name, str, header, description=REQUEST_HEADERS.get(name, KEY))
            for name in names
        ]
        path = [
            OpenApiParameter(name, kind, "path", description=words)
            for name, (kind, words) in PATH.items()
            if f"{{{name}}}" in self.path
        ]
        return [*headers, *path]

    def get_operation_id(self) -> str:
        """The name that the endpoint gives its method, or the alias that this address is."""
        return self.alias or self.described("operation", "")

    def is_deprecated(self) -> bool:
        return bool(self.alias) or self.described("deprecated", False)

    @property
    def alias(self) -> str:
        return ALIASES.get((self.method, self.path), "")

    @property
    def handler(self) -> Any:
        """The method of the view that this operation is."""
        return getattr(self.view, self.method.lower())

    def described(self, name: str, default: Any) -> Any:
        """What `describe` has set on the method."""
        return getattr(self.handler, name, default)

    # drf-spectacular's own has no arguments either, unlike the type that mypy knows.
    def get_description(self) -> str:  # type: ignore[override]
        """The method's own docstring, a line for each paragraph.

        That of a class is for readers of the code.
        """
        return LINE_BREAK.sub(" ", get_doc(self.handler))

    def get_tags(self) -> list[str]:
        return [self.view.__module__.rpartition(".")[2].capitalize()]

    @property
    def takes_key(self) -> bool:
        """Whether an Idempotency-Key does something here."""
        return is_idempotent(self.handler)

    def _get_response_headers_for_code(self, status_code: str, direction: Any = "response") -> Any:
        headers = HEADERS | (RETRY if status_code in {"409", "429", "503"} else {})
        if status_code.startswith("2"):
            headers |= WHOLE if self.described("rows", None) == "whole" else {}
            headers |= IGNORED if self.get_request_serializer() else {}
        schemas = {
            name: {"description": words, "schema": {"type": kind}}
            for name, (kind, words) in headers.items()
        }
        return {
            name: self.component(ResolvedComponent.HEADER, name, schema)
            for name, schema in schemas.items()
        }

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        for status, codes in sorted(self.refusals().items()):
            bodies[str(status)] = self.refusal_body(status, codes, direction)
        return bodies

    def refusal_body(self, status: int, codes: dict[str, str], direction: Any) -> Any:
        """The answer of this status; a shared component where every code of it is a general one."""
        examples = [
            OpenApiExample(code, value=envelope(code, message), response_only=True)
            for code, message in codes.items()
        ]
        response = OpenApiResponse(Refusal, TITLES[status], examples=examples)
        media_types = ["application/json"]
        body = self._get_response_for_code(response, str(status), media_types, direction)
        for code, message in codes.items():
            if code not in GENERAL or message != str(GENERAL[code][1]):
                return body
        name = "".join(code.title().replace("_", "") for code in codes)
        return self.component(ResolvedComponent.RESPONSE, name, body)

    def component(self, kind: str, name: str, schema: Any) -> Any:
        """A reference to a component that many operations share."""
        component = ResolvedComponent(name, kind, schema, object=schema)
        self.registry.register_on_missing(component)
        return component.ref

    def refusals(self) -> dict[int, dict[str, str]]:
        """{status: {code: message}} of this method."""
        general = {code: GENERAL[code][1] for code in self.general_codes()}
        found: dict[int, dict[str, str]] = defaultdict(dict)
        for code, message in (general | self.described("refusals", {})).items():
            found[status_of(code)][code] = str(message)
        return found

    def general_codes(self) -> Iterator[str]:
        """The codes that may be refused before the method runs."""
        yield from ["throttled", "busy", "unavailable"]
        if self.view.get_authenticators():
            yield "token_invalid"
        for permission in self.view.get_permissions():
            yield from [] if isinstance(permission, AllowAny) else ["not_authenticated"]
            yield from ["forbidden"] if isinstance(permission, (Organizer, Admin)) else []
        if "{" in self.path:
            yield "not_found"
        if self.get_request_serializer():
            yield from ["invalid", "malformed", "unsupported_media_type", "too_large"]
        elif self.has_query():
            yield "invalid"
        if self.takes_key:
            yield from IDEMPOTENCY

    def has_query(self) -> bool:
        """Whether a serializer reads the query string."""
        parts = [part for part in self.get_override_parameters() if isinstance(part, type)]
        return any(issubclass(part, serializers.Serializer) for part in parts)


def status_of(code: str) -> int:
    return GENERAL[code][0] if code in GENERAL else STATUS_OF.get(code, 400)
