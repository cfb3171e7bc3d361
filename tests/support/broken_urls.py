"""The product's URLs, and three whose views fail."""

from typing import Any

from django.db import OperationalError
from django.urls import path

from eventflow import urls
from eventflow.core.errors import Refused


def broken(request: Any) -> None:
    raise ZeroDivisionError


def database_away(request: Any) -> None:
    raise OperationalError


def refused(request: Any) -> None:
    raise Refused("event_full", "All the seats are taken.")


handler500 = urls.handler500
urlpatterns = [
    *urls.urlpatterns,
    path("broken/", broken),
    path("away/", database_away),
    path("refused/", refused),
]
