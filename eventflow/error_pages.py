"""Turns errors into answers: pages for people, the envelope for the API.

`RefusedMiddleware` answers a refusal that no view caught; the functions are Django's `handler400`
to `handler500`.
"""

import logging
import sqlite3
import sys
from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views import defaults
from django_htmx.http import reswap

from eventflow.core.errors import SERVER_ERROR, UNAVAILABLE, Refused, envelope, is_api
from eventflow.core.own_pages import back_url

logger = logging.getLogger(__name__)


class RefusedMiddleware:
    """Answers a refusal that no view caught: a toast for htmx, a page with the reason otherwise."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, Refused):
            return None
        logger.info("refused: %s", exception.code)
        if getattr(request, "htmx", False):
            # The toast comes out of band; what the request would have replaced stays.
            answer = render(request, "refused.html#toast", {"refusal": exception}, status=409)
            return reswap(answer, "none")
        return render(
            request, "refused.html", {"refusal": exception, "back": back_url(request)}, status=409
        )


def is_database_away(error: BaseException | None) -> bool:
    """Whether this error says that the database can't be reached or is busy.

    A query that the database refuses, as one too complex, is a bug and no outage.
    """
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    cause = error.__cause__
    refused = getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR or (
        getattr(cause, "sqlstate", None) or ""
    ).startswith("54")
    return not refused


def server_error(request: HttpRequest) -> HttpResponse:
    """The answer to an uncaught error: 503 while the database is away, else 500.

    It needs no database and no session.
    """
    is_away = is_database_away(sys.exception())
    if is_api(request.path):
        code, message = ("unavailable", UNAVAILABLE) if is_away else ("server_error", SERVER_ERROR)
        response: HttpResponse = JsonResponse(
            envelope(code, message), status=503 if is_away else 500
        )
    else:
        response = HttpResponse(
            render_to_string("503.html" if is_away else "500.html"), status=503 if is_away else 500
        )
    if is_away:
        response["Retry-After"] = "5"
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400 for what Django refuses before a view: an unknown host, too many fields."""
    if is_api(request.path):
        return JsonResponse(
            envelope("bad_request", _("This request can't be understood.")), status=400
        )
    return defaults.bad_request(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404, as the envelope or as a page."""
    if is_api(request.path):
        return JsonResponse(envelope("not_found", _("There is nothing here.")), status=404)
    return defaults.page_not_found(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403, as the envelope or as a page."""
    if is_api(request.path):
        return JsonResponse(envelope("forbidden", _("You may not do this.")), status=403)
    return defaults.permission_denied(request, exception)
