"""Where a browser says that a request comes from."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt


def is_our_page(origin: str, host: str) -> bool:
    """Whether this Origin is a page of the site that the request's Host names."""
    return urlsplit(origin).netloc.lower() == host.lower()


def from_our_pages[**P](view: Callable[P, HttpResponse]) -> Callable[P, HttpResponse]:
    """Refuse what a browser sends from somebody else's page; the view's forms need no CSRF token, and a page that holds them is the same for all.

    Every browser names the page's origin in a POST. A program that sends none has no visitor's cookie to misuse.
    """

    @csrf_exempt
    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        request: Any = args[0]
        if not welcome(request):
            raise PermissionDenied
        return view(*args, **kwargs)

    return guarded


def welcome(request: HttpRequest) -> bool:
    origin = request.headers.get("Origin")
    return origin is None or is_our_page(origin, request.get_host())
