"""What is known of one request, from the moment it is taken to its line in the access log."""

import re
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse

WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{8,64}")


@dataclass(slots=True)
class Trail:
    """Shared by the server's loop and the request's thread, each of which adds what it learns. `person_id`: who is signed in."""

    request_id: str = "-"
    person_id: int | None = None
    # The name of the route that answered, never the path: there are few of them, and nobody's.
    route: str = ""


trail: ContextVar[Trail | None] = ContextVar("trail", default=None)


def current() -> Trail:
    """The trail of this request; outside of any, an empty one that leads nowhere."""
    return trail.get() or Trail()


def request_id_for(given: str) -> str:
    """The caller's own id if it is well formed, else a new one."""
    return given if WELL_FORMED.fullmatch(given) else uuid.uuid4().hex


class RequestIdMiddleware:
    """Take the caller's X-Request-ID if it is well formed, else make one; send it back."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Not taken back afterwards: Django logs refusals when all middleware is done. A request runs in a context of its own.
        ours = trail.get()
        if ours is None or ours.request_id != "-":
            # No server laid one out for this request.
            trail.set(ours := Trail())
        ours.request_id = request_id_for(request.headers.get("X-Request-ID", ""))
        response = self.get_response(request)
        response["X-Request-ID"] = ours.request_id
        return response
