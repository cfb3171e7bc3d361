"""The request context: id, person and route of one request, from its first byte to its log line."""

import re
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse

WELL_FORMED_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


@dataclass(slots=True)
class RequestContext:
    """What is known of one request. The server's loop and the request's thread share it.

    `request_id` is `-` until a middleware sets it; `person_id` is the person who is logged in.
    """

    request_id: str = "-"
    person_id: int | None = None
    # The name of the route, never the path: routes are few, and a path can hold a token.
    route: str = ""


REQUEST_CONTEXT: ContextVar[RequestContext | None] = ContextVar("request_context", default=None)


def get_request_context() -> RequestContext:
    """The context of the running request. Outside of a request: a new, empty one."""
    return REQUEST_CONTEXT.get() or RequestContext()


def choose_request_id(given: str) -> str:
    """The caller's own id if it is well formed, else a new one."""
    return given if WELL_FORMED_ID.fullmatch(given) else uuid.uuid4().hex


class RequestIdMiddleware:
    """Takes the caller's X-Request-ID if it is well formed, else makes one; sends it back."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Not reset afterwards: Django logs refusals when all middleware is done. Each request runs
        # in a context of its own.
        context = REQUEST_CONTEXT.get()
        if context is None or context.request_id != "-":
            # The server made none for this request.
            REQUEST_CONTEXT.set(context := RequestContext())
        context.request_id = choose_request_id(request.headers.get("X-Request-ID", ""))
        response = self.get_response(request)
        response["X-Request-ID"] = context.request_id
        return response
