"""Security headers of every answer: no device for pages, no embedding by other sites."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.csp import build_policy

type RawHeaders = list[tuple[bytes, bytes]]

PERMISSIONS_POLICY = (
    "camera=(), microphone=(), geolocation=(), payment=(), usb=(), serial=(), midi=(), "
    "display-capture=()"
)
# Cache-Control of an answer that belongs to one person: no cache stores it.
PRIVATE_CACHE_CONTROL = "private, no-store"
PERMISSIONS_POLICY_WITH_CAMERA = PERMISSIONS_POLICY.replace("camera=()", "camera=(self)")


class HeadersMiddleware:
    """Adds the headers that Django has no setting for. A view may set its Permissions-Policy."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response


class DefaultHeaders:
    """ASGI: adds the headers to what is answered beside Django's middleware.

    That is: probes, telemetry, refusals of the server and errors.
    """

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.plain, self.https = default_headers(https=False), default_headers(https=True)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return await self.inner(scope, receive, send)
        defaults = self.https if scope["scheme"] == "https" else self.plain

        async def send_complete(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message = {
                    **message,
                    "headers": add_missing_headers(message.get("headers", []), defaults),
                }
            await send(message)

        await self.inner(scope, receive, send_complete)


def add_missing_headers(given: Iterable[tuple[bytes, bytes]], defaults: RawHeaders) -> RawHeaders:
    """The headers of an answer, and after them those of `defaults` whose name it lacks."""
    headers = [*given]
    names = {name.lower() for name, _value in headers}
    return [*headers, *(header for header in defaults if header[0].lower() not in names)]


def default_headers(*, https: bool) -> RawHeaders:
    """The headers of an answer that sets none: nothing of it runs, is embedded or is guessed."""
    found = {
        "Content-Security-Policy": build_policy(settings.SECURE_CSP),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
        "Cross-Origin-Opener-Policy": settings.SECURE_CROSS_ORIGIN_OPENER_POLICY,
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": PERMISSIONS_POLICY,
        "X-Frame-Options": settings.X_FRAME_OPTIONS,
    }
    if https and settings.SECURE_HSTS_SECONDS:
        domains = "; includeSubDomains" if settings.SECURE_HSTS_INCLUDE_SUBDOMAINS else ""
        found["Strict-Transport-Security"] = f"max-age={settings.SECURE_HSTS_SECONDS}{domains}"
    return [(name.encode(), value.encode()) for name, value in found.items()]


def allow_camera(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Decorate a view whose page scans tickets: it may use the camera."""

    @wraps(view)
    def allowed(*args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(*args, **kwargs)
        response["Permissions-Policy"] = PERMISSIONS_POLICY_WITH_CAMERA
        return response

    return allowed
