"""What every endpoint shares: who may call, how often, once only, and the envelope around the answer."""

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
from eventflow.api.idempotency import idempotent
from eventflow.api.parsers import plain
from eventflow.core.errors import Refused
from eventflow.observability import current

OK = _("OK")
# How many ignored fields are named, and how many letters of each.
MOST_NAMES, LONGEST_NAME = 20, 50
NEED_TWO = _("Admins sign in in two steps here. Set up the second one on the website first.")


class AlwaysJson(DefaultContentNegotiation):
    """Whatever a client says it accepts, it gets our JSON: also the refusal of a PDF."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


class Call(Request):
    """What an endpoint gets that only somebody signed in can reach."""

    user: User


class Endpoint(APIView):
    """One address of the API. Its methods parse, fetch through the permissions, call one service and answer."""

    content_negotiation_class = AlwaysJson
    # A browser's preflight is answered before it reaches us.
    http_method_names = ["get", "head", "options", "post", "put", "patch", "delete"]
    allowance: limits.Allowance | None = None

    # Whether an Idempotency-Key keeps the answer. Not where a password is hashed: the key's transaction
    # would hold SQLite's one write lock meanwhile, and strangers would make everybody wait.
    keeps_answers = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Every method that changes something takes an Idempotency-Key."""
        super().__init_subclass__(**kwargs)
        if not cls.keeps_answers:
            return
        for method in {"post", "put", "patch", "delete"} & vars(cls).keys():
            setattr(cls, method, idempotent(vars(cls)[method]))

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        # Read here, because this is where Django looks at its size; DRF would not.
        _ = request._request.body
        super().initial(request, *args, **kwargs)
        if second_factor.lacks_second_factor(request.user):
            raise Refused("two_factors_required", str(NEED_TWO))

    def perform_authentication(self, request: Request) -> None:
        """Whoever shows a bad token is counted too, by address."""
        try:
            super().perform_authentication(request)
            current().person_id = request.user.pk
        finally:
            self.allowance = limits.spend(request._request)
            if self.allowance and self.allowance.is_overspent:
                raise Throttled(wait=self.allowance.reset)

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        """Which methods there are stands in `Allow`; all the rest in the OpenAPI document."""
        return answer(None)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "private, no-store")
        if response.status_code < 400 and (ignored := ignored_fields(request)):
            response["X-Ignored-Fields"] = ", ".join(ignored)
        if self.allowance:
            for name, value in self.allowance.headers.items():
                response[name] = value
        return response

    def as_json(self, response: Response) -> bytes:
        return JSONRenderer().render(response.data)


def answer(
    data: Any, message: Any = OK, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    return Response(
        {"success": True, "message": str(message), "data": data}, status=status, headers=headers
    )


def body_of(
    request: Request, serializer: type[serializers.Serializer], **kwargs: Any
) -> dict[str, Any]:
    """What the body says, as the serializer understands it; no body says nothing. Raises ValidationError, field by field."""
    said = plain(request.data)
    read = serializer(data={} if said is None else said, **kwargs)
    request.known_fields = {*read.fields}  # type: ignore[attr-defined]
    read.is_valid(raise_exception=True)
    return read.validated_data


def ignored_fields(request: Request) -> list[str]:
    """The fields of the body that nobody read, in ASCII. Those of a body that an endpoint has no use for need not even be JSON."""
    if request.method not in {"POST", "PUT", "PATCH", "DELETE"}:
        return []
    said: Any = None
    with suppress(ParseError, UnsupportedMediaType):
        said = plain(request.data)
    if not isinstance(said, dict):
        return []
    unknown = sorted(said.keys() - getattr(request, "known_fields", set()))
    return [quote(name[:LONGEST_NAME], errors="replace") for name in unknown[:MOST_NAMES]]


def fetch[Row: Model](allowed: QuerySet[Row], pk: int) -> Row:
    """The row behind an id. One that exists and is somebody else's is 403, as the contract has it; none at all 404."""
    row = allowed.filter(pk=pk).first()
    if row is not None:
        return row
    if allowed.model._default_manager.filter(pk=pk).exists():
        raise PermissionDenied
    raise Http404
