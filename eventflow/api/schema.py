"""The OpenAPI description: what an endpoint says of itself with `describe`, and what is true of all of them."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, Literal

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent, get_doc
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    PolymorphicProxySerializer,
    extend_schema,
    extend_schema_field,
    inline_serializer,
)
from rest_framework import serializers
from rest_framework.permissions import AllowAny

from eventflow.api.pagination import PageQuery
from eventflow.api.permissions import Admin, Organizer
from eventflow.api.refusals import FRAMEWORK, STATUS_OF
from eventflow.core.errors import envelope
from eventflow.error_pages import AWAY
from eventflow.server.handler import BUSY

# code: (status, words), of what the framework refuses.
GENERAL = {code: (status, words) for _, status, code, words in FRAMEWORK}
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
    "unavailable": (503, AWAY),
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
UNKNOWN = "There is no parameter “ordering” here. Known are: page, page_size."
# Other addresses of an operation, kept for older clients: (method, path): its name in generated clients.
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
# name: (type, what it says), of an answer.
HEADERS = {
    "X-Request-ID": (
        "string",
        "The request's id: the caller's own, if it sent a well-formed one. Stands on every log line of ours.",
    ),
    "X-RateLimit-Limit": ("integer", "Requests in a window."),
    "X-RateLimit-Remaining": ("integer", "Requests left in this window."),
    "X-RateLimit-Reset": ("integer", "Seconds until the next window."),
}
WHOLE = {
    "X-Total-Count": ("integer", "How many rows there are, of a list that is sent whole."),
    "Link": (
        "string",
        'Where there are more rows than are sent at once: the page on which the others begin, as `rel="next"`.',
    ),
}
IGNORED = {
    "X-Ignored-Fields": (
        "string",
        "The fields of the body that are not known here, if there were any.",
    )
}
RETRY = {"Retry-After": ("integer", "Seconds after which another try makes sense.")}


class Refusal(serializers.Serializer):
    """What every refusal looks like."""

    success = serializers.BooleanField()
    message = serializers.CharField(help_text="For people, in the language asked for.")
    detail = serializers.CharField(help_text="The same as `message`.")
    code = serializers.CharField(help_text="For machines: stable, never translated.")
    # The contract's name; DRF has a property of it, which is not asked here.
    errors = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField()),
        help_text="For each field, what is wrong with it.",
    )


def describe(
    summary: str,
    *,
    operation: str,
    answer: Any = None,
    status: int = 200,
    rows: Literal["pages", "whole"] | None = None,
    binary: Mapping[str, str] | None = None,
    request: Any = None,
    query: Any = None,
    refusals: Mapping[str, str] | None = None,
    example: Any = None,
    sent: Any = None,
    deprecated: bool = False,
) -> Callable[[Any], Any]:
    """What a method takes and gives, for the OpenAPI description; the docstring says the rest.

    `operation`: its name in generated clients. `answer`: the serializer of `data`, or of each of its `rows`: always in
    pages of them, or whole unless a page is asked for. `request`, `query`: serializers of the body and the query string.
    `refusals`: {code: what it means}, besides those that every endpoint has. `sent`, `example`: what the body and `data`
    (or one row of it) look like. `binary`: {media type: what it is}, for an answer that is a file.
    """
    parameters = [part for part in (query, PageQuery if rows else None) if part]
    schema = extend_schema(
        summary=summary,
        request=request,
        parameters=parameters,
        responses=files(binary)
        if binary
        else {status: OpenApiResponse(enveloped(answer, rows=rows), "Done.")},
        examples=examples_of(example, sent, rows=rows, status=status, binary=bool(binary)),
    )
    own = dict(refusals or {})
    if rows:
        own |= {"not_found": "There is no such page."}
    if rows == "whole":
        own |= {"unknown_parameter": UNKNOWN}

    def decorate(method: Any) -> Any:
        method = schema(method)
        method.operation, method.refusals = operation, own
        method.rows, method.deprecated = rows, deprecated
        return method

    return decorate


def examples_of(
    example: Any, sent: Any, *, rows: str | None, status: int, binary: bool
) -> list[OpenApiExample]:
    """Of the body, and of the answer in its envelope; of a list that is read whole, both shapes."""
    shapes = {
        None: {"Answer": example},
        "pages": {"Answer": one_page(example)},
        "whole": {"Whole": [example], "Page": one_page(example)},
    }
    answers = {} if binary else shapes[rows]
    examples = [
        OpenApiExample(
            name,
            value={"success": True, "message": "OK", "data": data},
            response_only=True,
            status_codes=[str(status)],
        )
        for name, data in answers.items()
    ]
    return examples + (
        [OpenApiExample("Request", value=sent, request_only=True)] if sent is not None else []
    )


def files(binary: Mapping[str, str]) -> dict[Any, OpenApiResponse]:
    return {
        (200, media_type): OpenApiResponse(OpenApiTypes.BINARY, words)
        for media_type, words in binary.items()
    }


def one_page(row: Any) -> dict[str, Any]:
    return {"count": 1, "next": None, "previous": None, "results": [row]}


@extend_schema_field({"type": "null"})
class Null(serializers.JSONField):
    """The `data` of an answer that has none."""


@cache
def enveloped(answer: Any, *, rows: str | None) -> Any:
    """The serializer of a whole answer around the serializer of its `data`."""
    name = answer.__name__ if answer else "Nothing"
    data = answer() if answer else Null()
    if rows:
        data, name = page_of(answer), f"{name}Page"
    if rows == "whole":
        name = f"{answer.__name__}List"
        shapes = [answer(many=True), data]
        data = either(name, shapes)
    fields = {
        "success": serializers.BooleanField(),
        "message": serializers.CharField(),
        "data": data,
    }
    return inline_serializer(f"{name}Answer", fields)


def either(name: str, shapes: list[Any]) -> serializers.Field:
    """A field that has one of these shapes."""
    kind = type(name, (serializers.JSONField,), {})
    one_of = PolymorphicProxySerializer(name, shapes, resource_type_field_name=None, many=False)
    return extend_schema_field(one_of)(kind)()


@cache
def page_of(answer: Any) -> serializers.Serializer:
    rows = {
        "count": serializers.IntegerField(),
        "next": serializers.URLField(allow_null=True),
        "previous": serializers.URLField(allow_null=True),
        "results": answer(many=True),
    }
    return inline_serializer(f"{answer.__name__}Page", rows)


def without_versions(endpoints: list[Any]) -> list[Any]:
    """The operations to describe: those under /api/v1/ are the same again."""
    return [endpoint for endpoint in endpoints if not endpoint[0].startswith("/api/v1/")]


class BearerScheme(OpenApiAuthenticationExtension):
    """How drf-spectacular names allauth's tokens."""

    target_class = "accounts.tokens.TokenAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


class EnvelopeSchema(AutoSchema):
    """drf-spectacular's, with the refusals, headers and parameters that are every endpoint's."""

    def get_override_parameters(self) -> list[Any]:
        header: Literal["header"] = "header"
        everywhere = [
            OpenApiParameter(
                "Accept-Language",
                str,
                header,
                description="`en` or `pl`: the language of `message`; else English.",
            ),
            OpenApiParameter(
                "X-Request-ID",
                str,
                header,
                description="An id of the caller's own: 8 to 64 letters, digits, dots, underscores, hyphens.",
            ),
        ]
        everywhere += [
            OpenApiParameter(name, kind, "path", description=words)
            for name, (kind, words) in PATH.items()
            if f"{{{name}}}" in self.path
        ]
        if self.takes_a_key:
            words = "Send the same key with a request sent again: it gets the first answer, for 24 hours, and nothing happens twice."
            everywhere.append(OpenApiParameter("Idempotency-Key", str, header, description=words))
        return everywhere

    def get_operation_id(self) -> str:
        """The name that the endpoint gives its method, or the alias that this address is."""
        return self.alias or self.own("operation", "")

    def is_deprecated(self) -> bool:
        return bool(self.alias) or self.own("deprecated", False)

    @property
    def alias(self) -> str:
        return ALIASES.get((self.method, self.path), "")

    def own(self, name: str, default: Any) -> Any:
        """What `describe` left at the method."""
        return getattr(getattr(self.view, self.method.lower()), name, default)

    def get_description(self) -> str:  # type: ignore[override]  # drf-spectacular's has no arguments either
        """The method's own docstring: a class's is for those who read the code."""
        return get_doc(getattr(self.view, self.method.lower()))

    def get_tags(self) -> list[str]:
        return [self.view.__module__.rpartition(".")[2].capitalize()]

    @property
    def takes_a_key(self) -> bool:
        """Whether an Idempotency-Key does something here."""
        return self.method in {"POST", "PUT", "PATCH", "DELETE"} and getattr(
            self.view, "keeps_answers", True
        )

    def _get_response_headers_for_code(self, status_code: str, direction: Any = "response") -> Any:
        headers = HEADERS | (RETRY if status_code in {"409", "429", "503"} else {})
        if status_code.startswith("2"):
            headers |= WHOLE if self.own("rows", None) == "whole" else {}
            headers |= IGNORED if self.get_request_serializer() else {}
        return {
            name: self.component(
                ResolvedComponent.HEADER, name, {"description": words, "schema": {"type": kind}}
            )
            for name, (kind, words) in headers.items()
        }

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        for status, codes in sorted(self.refusals().items()):
            examples = [
                OpenApiExample(code, value=envelope(code, words), response_only=True)
                for code, words in codes.items()
            ]
            response = OpenApiResponse(Refusal, TITLES[status], examples=examples)
            body = self._get_response_for_code(
                response, str(status), ["application/json"], direction
            )
            is_shared = all(
                code in GENERAL and words == str(GENERAL[code][1]) for code, words in codes.items()
            )
            name = "".join(code.title().replace("_", "") for code in codes)
            bodies[str(status)] = (
                self.component(ResolvedComponent.RESPONSE, name, body) if is_shared else body
            )
        return bodies

    def component(self, kind: str, name: str, schema: Any) -> Any:
        """A reference to what many operations share, said once."""
        component = ResolvedComponent(name, kind, schema, object=schema)
        self.registry.register_on_missing(component)
        return component.ref

    def refusals(self) -> dict[int, dict[str, str]]:
        """{status: {code: words}} of this method."""
        own: dict[str, str] = self.own("refusals", {})
        found: dict[int, dict[str, str]] = defaultdict(dict)
        for code, words in (
            {code: GENERAL[code][1] for code in self.general_codes()} | own
        ).items():
            found[status_of(code)][code] = str(words)
        return found

    def general_codes(self) -> Iterator[str]:
        """What may be refused before the endpoint is reached, given what it asks for."""
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
        elif any(
            issubclass(part, serializers.Serializer)
            for part in self.get_override_parameters()
            if isinstance(part, type)
        ):
            yield "invalid"
        if self.takes_a_key:
            yield from IDEMPOTENCY


def status_of(code: str) -> int:
    return GENERAL[code][0] if code in GENERAL else STATUS_OF.get(code, 400)
