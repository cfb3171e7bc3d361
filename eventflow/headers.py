"""What every answer forbids a browser, beside the Content-Security-Policy: devices nobody needs, and other sites' pages that would embed ours."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase

NOTHING = "camera=(), microphone=(), geolocation=(), payment=(), usb=(), serial=(), bluetooth=(), midi=(), display-capture=()"
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


def camera_allowed(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """For the pages that scan tickets, and no other."""

    @wraps(view)
    def allowed(*args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(*args, **kwargs)
        response["Permissions-Policy"] = CAMERA
        return response

    return allowed
