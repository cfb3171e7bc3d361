"""The product's URLs, and three whose views fail."""

from typing import Any, NoReturn

from django.db import OperationalError
from django.urls import URLPattern, URLResolver, path

from eventflow import urls
from eventflow.core.errors import Refused


def broken(request: Any) -> NoReturn:
    raise ZeroDivisionError


def database_away(request: Any) -> NoReturn:
    raise OperationalError


def refused(request: Any) -> NoReturn:
    raise Refused("event_full", "All the seats are taken.")


handler500 = urls.handler500
urlpatterns: list[URLPattern | URLResolver] = [
    *urls.urlpatterns,
    path("broken/", broken),
    path("away/", database_away),
    path("refused/", refused),
]
