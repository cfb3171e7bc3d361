"""Cleans what a request holds and no code can use: unreadable addresses, NUL, other charsets."""

import codecs
from collections.abc import Callable
from typing import Any

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse, QueryDict

from eventflow.core.errors import is_api
from eventflow.core.own_pages import split_url

# Headers that hold addresses, and what replaces one that is no URL: an opaque origin, or nothing.
ADDRESSES = {"HTTP_ORIGIN": "null", "HTTP_REFERER": None, "HTTP_HX_CURRENT_URL": None}
FORMS = {"application/x-www-form-urlencoded", "multipart/form-data"}


class InputMiddleware:
    """Passes on requests in UTF-8, with URLs in headers and `next`, and without NUL in fields.

    No browser sends anything else. Such an address can't be compared, and PostgreSQL stores no NUL.
    The API refuses a NUL itself, by the name of the field.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        self.drop_unreadable_addresses(request)
        if request.encoding and codecs.lookup(request.encoding).name != "utf-8":
            # Nothing here uses another charset, and some of Python's can't decode text at all.
            request.encoding = "utf-8"
        if not is_api(request.path):
            request.GET = cleaned_fields(request.GET)
            if request.method == "POST" and request.content_type in FORMS:
                # Set as Django's own loading of the body sets it.
                request.POST = cleaned_fields(request.POST)
        return self.get_response(request)

    def drop_unreadable_addresses(self, request: HttpRequest) -> None:
        for name, instead in ADDRESSES.items():
            if split_url(request.META.get(name, "")) is not None:
                continue
            del request.META[name]
            if instead:
                request.META[name] = instead
            # Django builds it from META once.
            request.__dict__.pop("headers", None)


def cleaned_fields(fields: QueryDict) -> Any:
    """The fields without NUL in names and values, and without a `next` that is no URL."""
    if all(is_valid_field(name, value) for name, values in fields.lists() for value in values):
        return fields
    clean = QueryDict(mutable=True, encoding=fields.encoding)
    for name, values in fields.lists():
        name = name.replace("\x00", "")
        for value in (value.replace("\x00", "") for value in values):
            if is_valid_field(name, value):
                clean.appendlist(name, value)
    return clean


def is_valid_field(name: str, value: str) -> bool:
    return (
        "\x00" not in name
        and "\x00" not in value
        and (name != REDIRECT_FIELD_NAME or split_url(value) is not None)
    )
