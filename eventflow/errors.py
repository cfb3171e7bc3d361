"""How EventFlow says no: one exception, and one place that turns it into an answer."""

import logging
import sys
from collections.abc import Callable
from urllib.parse import urlsplit

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django_htmx.http import reswap

logger = logging.getLogger(__name__)


class Refused(Exception):
    """A rule said no.

    `code` is for machines: stable, snake_case, never translated. `message` is for people: one sentence that says what
    is wrong and, where it helps, what to do.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code = code
        self.message = str(message)


class RefusedMiddleware:
    """Translate a refusal that no view caught: a toast for htmx, a page with the reason for a plain form."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, Refused):
            return None
        logger.info("refused: %s", exception.code)
        if getattr(request, "htmx", False):
            # The toast comes out of band; whatever the request meant to replace stays.
            answer = render(request, "refused.html#toast", {"refusal": exception}, status=409)
            return reswap(answer, "none")
        return render(request, "refused.html", {"refusal": exception, "back": back_url(request)}, status=409)


def back_url(request: HttpRequest) -> str:
    """Where the person came from, if that was one of our own pages; else the front page."""
    referer = urlsplit(request.headers.get("Referer", ""))
    own = referer.netloc == request.get_host()
    return referer.path if own and referer.path else "/"


def server_error(request: HttpRequest) -> HttpResponse:
    """The last page: 503 while the database is away, which heals by itself, else 500. Needs no database and no session."""
    if isinstance(sys.exception(), OperationalError | InterfaceError):
        return HttpResponse(render_to_string("503.html"), status=503, headers={"Retry-After": "5"})
    return HttpResponse(render_to_string("500.html"), status=500)
