"""Answers given before any page is reached: without a thread, a session or the database."""

from collections.abc import Iterable
from io import BytesIO
from typing import Any

from corsheaders.middleware import CorsMiddleware
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from accounts.middleware import ApiCookieMiddleware, LanguageMiddleware
from eventflow.core.errors import BUSY, envelope, is_api
from eventflow.observability import choose_request_id

type RawHeaders = Iterable[tuple[bytes, bytes]]

TOO_LARGE = _("This is more than EventFlow takes at once.")


def refusal(
    path: str, headers: RawHeaders, *, status: int, code: str, message: Any
) -> HttpResponse:
    """A refusal in the caller's language: the API's envelope under /api/, plain text elsewhere.

    `headers` are the request's; `message` is a lazy translation.
    """

    def respond(request: HttpRequest) -> HttpResponse:
        if is_api(path):
            return JsonResponse(envelope(code, message), status=status)
        return HttpResponse(str(message), status=status, content_type="text/plain; charset=utf-8")

    request = ASGIRequest({"method": "GET", "path": path, "headers": headers}, BytesIO())
    # The language must end with this answer: we are on the server's loop.
    with translation.override(None):
        # Another origin's page may read why it was refused, if it may read answers at all.
        in_language = ApiCookieMiddleware(LanguageMiddleware(respond))
        respond_across_origins: Any = CorsMiddleware(in_language)
        response: HttpResponse = respond_across_origins(request)
    response["X-Request-ID"] = choose_request_id(request.headers.get("X-Request-ID", ""))
    return response


def too_large(path: str, headers: RawHeaders) -> HttpResponse:
    """The answer to a body that is larger than we take.

    The connection ends with it, because more of the body is on its way.
    """
    response = refusal(path, headers, status=413, code="too_large", message=TOO_LARGE)
    response["Content-Length"], response["Connection"] = str(len(response.content)), "close"
    return response


def busy(path: str, headers: RawHeaders) -> HttpResponse:
    """The answer when so many requests wait that this one would wait too long."""
    response = refusal(path, headers, status=503, code="busy", message=BUSY)
    response["Retry-After"] = "2"
    return response
