"""A request id on every answer and every log line, and nothing private in either."""

import logging
import re
import time
import uuid
from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse

request_id: ContextVar[str] = ContextVar("request_id", default="-")
WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{8,64}")
# Parts of a path that give access or name somebody: what follows an activation, confirmation or reset address, what was scanned
# and is no reservation's id, an e-mail address, and anything long.
SECRET = re.compile(
    r"(?<=/activate/)[^/]+|(?<=/door/)[^/]+|(?<=/confirm-email/)[^/]+|(?<=/reset/key/)[^/]+|(?<=/reservations/)(?![0-9]+(?:/|$))[^/]+"
    r"|[^/]*(?:@|%40)[^/]*|[^/]{33,}"
)


def request_id_for(given: str) -> str:
    """The caller's own id if it is well formed, else a new one."""
    return given if WELL_FORMED.fullmatch(given) else uuid.uuid4().hex


class RequestIdMiddleware:
    """Take the caller's X-Request-ID if it is well formed, else make one; send it back."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Not taken back afterwards: Django logs refusals when all middleware is done. A request runs in a context of its own.
        request_id.set(request_id_for(request.headers.get("X-Request-ID", "")))
        response = self.get_response(request)
        response["X-Request-ID"] = request_id.get()
        return response


class RequestIdFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        return True


def without_secrets(path: str) -> str:
    """The path as it may stand in a log: without its query string, and with tokens masked."""
    return SECRET.sub("***", path.partition("?")[0])


class SecretFilter(logging.Filter):
    """Django names the path in its own lines (Not Found, Forbidden …), and the path can be a token."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(without_secrets(arg) if isinstance(arg, str) and arg.startswith("/") else arg for arg in record.args)
        return True


class Outage:
    """Says once that something we depend on is away and once that it is back, however often it is missed in between."""

    def __init__(self, logger: logging.Logger, what: str) -> None:
        self.logger, self.what = logger, what
        self.since: float | None = None

    @property
    def is_on(self) -> bool:
        return self.since is not None

    def began(self, error: BaseException) -> None:
        if self.since is None:
            self.since = time.monotonic()
            self.logger.warning("%s: away (%s)", self.what, type(error).__name__)

    def ended(self) -> None:
        if self.since is not None:
            self.logger.warning("%s: back after %.0f s", self.what, time.monotonic() - self.since)
            self.since = None
