"""The base class of every API view: authentication, rate limit, headers and the answer's envelope.

A method that changes something is decorated with `idempotent` (eventflow.api.idempotency).
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import ParseError, Throttled, UnsupportedMediaType
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import second_factor
from accounts.models import User
from eventflow.api import limits
from eventflow.api.parsers import as_dict
from eventflow.core.errors import Refused
from eventflow.observability import get_request_context

OK = _("OK")
# At most so many ignored fields are named, each with at most so many characters.
MAX_IGNORED_FIELDS, MAX_FIELD_NAME = 20, 50
TWO_STEPS_NEEDED = _(
    "Admins sign in in two steps here. Set up the second one on the website first."
)
BODY_METHODS = {"POST", "PUT", "PATCH", "DELETE"}


class AlwaysJson(DefaultContentNegotiation):
    """Every answer is JSON, whatever the client accepts: also the refusal of a PDF."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


class PersonRequest(Request):
    """The request of an endpoint that only a logged-in person reaches."""

    user: User


class Endpoint(APIView):
    """One address of the API.

    Its methods parse, fetch through the permissions, call one service and respond.
    """

    content_negotiation_class = AlwaysJson
    # A browser's preflight is answered before it reaches a view.
    http_method_names = ["get", "head", "options", "post", "put", "patch", "delete"]
    allowance: limits.Allowance | None = None
    # The fields of the body that `read_body` knows.
    known_fields: frozenset[str] = frozenset()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Authenticate and count the request; an Admin needs a second factor."""
        # Read here, because Django then checks its size; DRF would not.
        _ = request._request.body
        super().initial(request, *args, **kwargs)
        if second_factor.lacks_second_factor(request.user):
            raise Refused("two_factors_required", str(TWO_STEPS_NEEDED))

    def perform_authentication(self, request: Request) -> None:
        """Count the request of a bad token too, by its address."""
        try:
            super().perform_authentication(request)
            get_request_context().person_id = request.user.pk
        finally:
            self.allowance = limits.count_request(request._request)
            if self.allowance and self.allowance.is_exceeded:
                raise Throttled(wait=self.allowance.reset)

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        """The header `Allow` names the methods; the OpenAPI document describes them."""
        return respond(None)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Add the headers that every answer has."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "private, no-store")
        if response.status_code < 400 and (ignored := self.ignored_fields(request)):
            response["X-Ignored-Fields"] = ", ".join(ignored)
        if self.allowance:
            for name, value in self.allowance.headers.items():
                response[name] = value
        return response

    def ignored_fields(self, request: Request) -> list[str]:
        """The names, in ASCII, of the body's fields that were not read.

        Where an endpoint takes no body, the body need not even be JSON.
        """
        if request.method not in BODY_METHODS:
            return []
        body: Any = None
        with suppress(ParseError, UnsupportedMediaType):
            body = as_dict(request.data)
        if not isinstance(body, dict):
            return []
        unknown = sorted(body.keys() - self.known_fields)[:MAX_IGNORED_FIELDS]
        return [quote(name[:MAX_FIELD_NAME], errors="replace") for name in unknown]

    def as_json(self, response: Response) -> bytes:
        return JSONRenderer().render(response.data)


def respond(
    data: Any, message: Any = OK, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """`data` in the envelope of a successful answer. `message` may be a lazy translation."""
    envelope = {"success": True, "message": str(message), "data": data}
    return Response(envelope, status=status, headers=headers)


def read_body(
    request: Request, serializer: type[serializers.Serializer], **kwargs: Any
) -> dict[str, Any]:
    """The validated data of the body; no body is an empty one.

    Raises ValidationError, field by field.
    """
    body = as_dict(request.data)
    read = serializer(data={} if body is None else body, **kwargs)
    request.parser_context["view"].known_fields = frozenset(read.fields)
    read.is_valid(raise_exception=True)
    return read.validated_data


def fetch[Row: Model](allowed: QuerySet[Row], pk: int) -> Row:
    """The row with this id. Raises PermissionDenied for a row outside `allowed`, else Http404."""
    row = allowed.filter(pk=pk).first()
    if row is not None:
        return row
    if allowed.model._default_manager.filter(pk=pk).exists():
        raise PermissionDenied
    raise Http404
