"""An event's page as strangers get it, all of them the same: drawn once for what the event's row says, and again as soon as it says anything else.

The row is read for every request, so no number is old; in a rush, when more than BUSY readers come in a second, one read serves them for a tenth
of a second. What depends on the clock is drawn anew each second. Nothing on the page is its reader's own, not even a CSRF token: its forms are
guarded by eventflow.core.csrf_origin. docs/decisions/0027 has the figures.
"""

import time
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import BigIntegerField
from django.http import HttpRequest, HttpResponse
from django.middleware.gzip import re_accepts_gzip
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django.utils.text import compress_string
from django.utils.translation import get_language

from accounts.models import User
from eventflow.core.fields import FoldedField
from events import sharing
from events.models import Event

# More than are looked at in a second; when it is full, it begins anew.
MOST_PAGES = 500
# So many readers of one event in one second and one process are a rush; then its row may be so many seconds old.
BUSY, FRESH_SECONDS = 20, 0.1
THEMES = {"light", "dark"}
EVENT = [
    field.attname for field in Event._meta.concrete_fields if not isinstance(field, FoldedField)
]
# What the page says of the organizer.
HOST = ["id", "email", "first_name", "last_name"]

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """One page, as it is and compressed. It holds no secret that its length could tell."""

    html: bytes
    gzipped: bytes

    def answer(self, request: HttpRequest) -> HttpResponse:
        gzip = re_accepts_gzip.search(request.headers.get("Accept-Encoding", ""))
        response = HttpResponse(self.gzipped if gzip else self.html)
        if gzip:
            response["Content-Encoding"] = "gzip"
        patch_vary_headers(response, ["Accept-Encoding"])
        return response


# The pages of this second.
drawn: dict[tuple[Any, ...], Page] = {}
# By event: the second, how many came in it, and what was read last.
crowds: dict[int, "Crowd"] = {}


@dataclass(slots=True)
class Crowd:
    """Who comes to see one event in one second."""

    second: int
    readers: int = 0
    # What was read last, and when it was asked for: what happened after that, it need not hold.
    seen: tuple[Row, float] | None = None

    @property
    def shared_row(self) -> Row | None:
        """In a rush, what was read a moment ago."""
        if self.seen is None or self.readers <= BUSY:
            return None
        row, asked_at = self.seen
        return row if time.monotonic() < asked_at + FRESH_SECONDS else None


def is_for_strangers(request: HttpRequest) -> bool:
    """Whether nothing about this request makes its page another than everybody's."""
    return settings.SESSION_COOKIE_NAME not in request.COOKIES and not request.META["QUERY_STRING"]


def page(request: HttpRequest, pk: int) -> HttpResponse | None:
    """The page of this event; None if it is not public."""
    second = int(time.time())
    row = row_for_many(pk, second)
    if row is None:
        return None
    key = (*row, get_language(), theme_of(request), second)
    shared = drawn.get(key)
    if shared is None:
        if len(drawn) >= MOST_PAGES:
            drawn.clear()
        shared = drawn[key] = draw(request, event_of(row))
    return shared.answer(request)


def draw(request: HttpRequest, event: Event) -> Page:
    context = {
        "event": event,
        "manages": False,
        "helps": False,
        "share": sharing.facts(event),
        "csrf_token": "",
    }
    html = render_to_string("events/detail.html", context, request).encode()
    return Page(html, compress_string(html))


def theme_of(request: HttpRequest) -> str:
    theme = request.COOKIES.get("theme", "")
    return theme if theme in THEMES else ""


# --- The row ----------------------------------------------------------------------------------------------------------


@cache
def statement() -> tuple[Any, str, list[Any]]:
    """The compiler, the SQL and the parameters before the key: written once, because to write it takes Django four times as long as to ask."""
    rows = (
        Event.objects.public()
        .filter(pk=0)
        .values_list(*EVENT, *(f"organizer__{name}" for name in HOST))
    )
    compiler = rows.query.get_compiler(DEFAULT_DB_ALIAS)
    sql, (*parameters, key) = compiler.as_sql()
    assert key == 0  # noqa: S101  the last condition is the one we added
    return compiler, sql, parameters


def row_for_many(pk: int, second: int) -> Row | None:
    """As row_of, but in a rush many share one row."""
    crowd = crowds.get(pk)
    if crowd is None or crowd.second != second:
        crowd = Crowd(second)
    crowd.readers += 1
    if shared := crowd.shared_row:
        return shared
    asked_at = time.monotonic()
    row = row_of(pk)
    if row is not None:
        crowd.seen = (row, asked_at)
        if pk not in crowds and len(crowds) >= MOST_PAGES:
            crowds.clear()
        crowds[pk] = crowd
    return row


def row_of(pk: int) -> Row | None:
    """The values of EVENT and of the organizer's HOST as the database gives them; None if this event is not public."""
    if pk > BigIntegerField.MAX_BIGINT:
        return None
    _compiler, sql, parameters = statement()
    with connection.cursor() as cursor:
        cursor.execute(sql, [*parameters, pk])
        return cursor.fetchone()


def event_of(row: Row) -> Event:
    """The event that a row says, and with it the organizer."""
    compiler, _sql, _parameters = statement()
    converters = compiler.get_converters(
        [expression for expression, _sql, _alias in compiler.select]
    )
    values = next(iter(compiler.apply_converters([row], converters))) if converters else row
    event = Event.from_db(DEFAULT_DB_ALIAS, EVENT, values[: len(EVENT)])
    event.organizer = User.from_db(DEFAULT_DB_ALIAS, HOST, values[len(EVENT) :])
    return event
