"""The product's addresses, and an empty page behind the same middleware as a yardstick."""

import time

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from eventflow.urls import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]


def empty(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def slow(request: HttpRequest) -> HttpResponse:
    """For a server that is told to stop meanwhile."""
    time.sleep(3)
    return HttpResponse()


urlpatterns = [
    path("bench/empty/", empty),
    path("bench/slow/", slow),
    path("", include("eventflow.urls")),
]
