"""What comes in with a request and is no text, or no address: put right in one place, before anything reads it."""

import codecs
from collections.abc import Callable
from typing import Any

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse, QueryDict

from eventflow.core.errors import is_api
from eventflow.core.own_pages import parts_of

# What these headers are where no page says where it comes from: an origin that is nobody's, and nothing.
ADDRESSES = {"HTTP_ORIGIN": "null", "HTTP_REFERER": None, "HTTP_HX_CURRENT_URL": None}
FORMS = {"application/x-www-form-urlencoded", "multipart/form-data"}


class InputMiddleware:
    """Hands on requests in UTF-8, whose headers and `next` hold addresses that can be read, and whose fields hold no NUL.

    No browser sends anything else; it could not be compared with an address of ours, or kept in PostgreSQL. The API
    refuses a NUL itself, by the name of the field.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        self.mend_addresses(request)
        if request.encoding and codecs.lookup(request.encoding).name != "utf-8":
            # Nothing here is in another charset, and some that Python knows can't decode text at all.
            request.encoding = "utf-8"
        if not is_api(request.path):
            request.GET = mended(request.GET)
            if request.method == "POST" and request.content_type in FORMS:
                # Set as Django's own loading of the body sets it.
                request.POST = mended(request.POST)
        return self.get_response(request)

    def mend_addresses(self, request: HttpRequest) -> None:
        for name, instead in ADDRESSES.items():
            if parts_of(request.META.get(name, "")) is not None:
                continue
            del request.META[name]
            if instead:
                request.META[name] = instead
            # Made once from META, and kept.
            request.__dict__.pop("headers", None)


def mended(fields: QueryDict) -> Any:
    """The same fields without NUL in their names and values, and without a `next` that is no address."""
    if all(is_sound(name, value) for name, values in fields.lists() for value in values):
        return fields
    clean = QueryDict(mutable=True, encoding=fields.encoding)
    for name, values in fields.lists():
        name = name.replace("\x00", "")
        for value in (value.replace("\x00", "") for value in values):
            if is_sound(name, value):
                clean.appendlist(name, value)
    return clean


def is_sound(name: str, value: str) -> bool:
    return (
        "\x00" not in name
        and "\x00" not in value
        and (name != REDIRECT_FIELD_NAME or parts_of(value) is not None)
    )
