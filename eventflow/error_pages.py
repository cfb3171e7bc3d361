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
from django.utils.translation import gettext_lazy
from django.views import defaults
from django_htmx.http import reswap

from eventflow.core.errors import Refused, envelope, is_api
from eventflow.core.own_pages import back_url

logger = logging.getLogger(__name__)

BROKEN = gettext_lazy(
    "Something went wrong here. It is logged, with the X-Request-ID of this answer."
)
AWAY = gettext_lazy(
    "We can’t reach our records just now. What was confirmed is safe. Try again in a few seconds."
)


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
        return render(
            request, "refused.html", {"refusal": exception, "back": back_url(request)}, status=409
        )


def is_database_away(error: BaseException | None) -> bool:
    """Whether the database can't be reached or is busy. A query that it refuses (too complex, say) is a fault of ours."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    cause = error.__cause__
    refused = getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR or (
        getattr(cause, "sqlstate", None) or ""
    ).startswith("54")
    return not refused


def server_error(request: HttpRequest) -> HttpResponse:
    """The last answer: 503 while the database is away, which heals by itself, else 500. Needs no database and no session."""
    away = is_database_away(sys.exception())
    if is_api(request.path):
        code, words = ("unavailable", AWAY) if away else ("server_error", BROKEN)
        response: HttpResponse = JsonResponse(envelope(code, words), status=503 if away else 500)
    else:
        response = HttpResponse(
            render_to_string("503.html" if away else "500.html"), status=503 if away else 500
        )
    if away:
        response["Retry-After"] = "5"
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What Django turns away before a view is reached: a host that is not ours, too many fields."""
    if is_api(request.path):
        return JsonResponse(
            envelope("bad_request", _("This request can't be understood.")), status=400
        )
    return defaults.bad_request(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api(request.path):
        return JsonResponse(envelope("not_found", _("There is nothing here.")), status=404)
    return defaults.page_not_found(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api(request.path):
        return JsonResponse(envelope("forbidden", _("You may not do this.")), status=403)
    return defaults.permission_denied(request, exception)
