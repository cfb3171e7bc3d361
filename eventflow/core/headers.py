"""What every answer forbids a browser, beside the Content-Security-Policy: devices nobody needs, and other sites' pages that would embed ours."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.csp import build_policy

type RawHeaders = list[tuple[bytes, bytes]]

NOTHING = "camera=(), microphone=(), geolocation=(), payment=(), usb=(), serial=(), midi=(), display-capture=()"
# Of an answer that is somebody's own: no cache keeps it.
PRIVATE = "private, no-store"
CAMERA = NOTHING.replace("camera=()", "camera=(self)")


class HeadersMiddleware:
    """A view that needs more sets its own Permissions-Policy."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", NOTHING)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response


class EveryAnswer:
    """ASGI: completes the headers of what is answered before or beside Django's middleware: probes,
    numbers, refusals, errors."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.plain, self.https = of_every_answer(https=False), of_every_answer(https=True)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return await self.inner(scope, receive, send)
        ours = self.https if scope["scheme"] == "https" else self.plain

        async def send_complete(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": completed(message.get("headers", []), ours)}
            await send(message)

        await self.inner(scope, receive, send_complete)


def completed(said: Iterable[tuple[bytes, bytes]], ours: RawHeaders) -> RawHeaders:
    """The headers of an answer, with ours that it does not have."""
    said = [*said]
    names = {name.lower() for name, _value in said}
    return [*said, *(header for header in ours if header[0].lower() not in names)]


def of_every_answer(*, https: bool) -> RawHeaders:
    """What an answer says that nobody thought about: nothing of it runs, is embedded or is guessed."""
    found = {
        "Content-Security-Policy": build_policy(settings.SECURE_CSP),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
        "Cross-Origin-Opener-Policy": settings.SECURE_CROSS_ORIGIN_OPENER_POLICY,
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": NOTHING,
        "X-Frame-Options": settings.X_FRAME_OPTIONS,
    }
    if https and settings.SECURE_HSTS_SECONDS:
        domains = "; includeSubDomains" if settings.SECURE_HSTS_INCLUDE_SUBDOMAINS else ""
        found["Strict-Transport-Security"] = f"max-age={settings.SECURE_HSTS_SECONDS}{domains}"
    return [(name.encode(), value.encode()) for name, value in found.items()]


def camera_allowed(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """For the pages that scan tickets, and no other."""

    @wraps(view)
    def allowed(*args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(*args, **kwargs)
        response["Permissions-Policy"] = CAMERA
        return response

    return allowed
