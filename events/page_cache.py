"""The event page for readers without a session: it is the same for all, so it is rendered once.

`PageCache.respond` reads the event's row for every request, so no number is old, and finds the page
by all values of that row. While more than BUSY_READERS come in a second, one reading of the row
serves them for FRESH_SECONDS. A page is kept for one second, because the clock changes it too.
Nothing on the page is its reader's own, not even a CSRF token: its forms are guarded by
eventflow.core.csrf_origin. docs/decisions/0027-strangers-share-a-page.md has the figures.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import BigIntegerField
from django.http import HttpRequest, HttpResponse
from django.middleware.gzip import re_accepts_gzip
from django.utils.cache import patch_vary_headers
from django.utils.text import compress_string
from django.utils.translation import get_language

from accounts.models import User
from eventflow.core.fields import FoldedField
from events.models import Event

# So many pages, or events, are remembered; a full cache begins anew.
MAX_ENTRIES = 500
# From so many readers of one event a second (in one process), its row may be so many seconds old.
BUSY_READERS, FRESH_SECONDS = 20, 0.1
THEMES = {"light", "dark"}
EVENT_FIELDS = [
    field.attname for field in Event._meta.concrete_fields if not isinstance(field, FoldedField)
]
ORGANIZER_FIELDS = ["id", "email", "first_name", "last_name"]

Row = tuple[Any, ...]


def is_cacheable(request: HttpRequest) -> bool:
    """Whether nothing in this request makes its page differ from that of other readers."""
    return settings.SESSION_COOKIE_NAME not in request.COOKIES and not request.META["QUERY_STRING"]


@dataclass(frozen=True, slots=True)
class RenderedPage:
    """One page, plain and compressed. It holds no secret that its length could reveal."""

    html: bytes
    gzipped: bytes

    def respond(self, request: HttpRequest) -> HttpResponse:
        gzip = re_accepts_gzip.search(request.headers.get("Accept-Encoding", ""))
        response = HttpResponse(self.gzipped if gzip else self.html)
        if gzip:
            response["Content-Encoding"] = "gzip"
        patch_vary_headers(response, ["Accept-Encoding"])
        return response


@dataclass(slots=True)
class Readers:
    """How many readers one event has had in one second, and the row that was read last."""

    second: int
    count: int = 0
    # The row, and the time at which it was asked for: it may miss what was written after that.
    latest: tuple[Row, float] | None = None

    @property
    def shared_row(self) -> Row | None:
        """The latest row, if so many readers come that they share it and it is still fresh."""
        if self.latest is None or self.count <= BUSY_READERS:
            return None
        row, asked_at = self.latest
        return row if time.monotonic() < asked_at + FRESH_SECONDS else None


class PageCache:
    """The rendered event pages of one process. `render` makes the HTML of an event's page."""

    def __init__(self, render: Callable[[HttpRequest, Event], str]) -> None:
        self.render = render
        self.pages: dict[tuple[Any, ...], RenderedPage] = {}
        self.readers: dict[int, Readers] = {}

    def clear(self) -> None:
        self.pages.clear()
        self.readers.clear()

    def respond(self, request: HttpRequest, event_id: int) -> HttpResponse | None:
        """The page of this event as an answer; None if the event is not public."""
        second = int(time.time())
        row = self.current_row(event_id, second)
        if row is None:
            return None
        key = (*row, get_language(), theme_of(request), second)
        page = self.pages.get(key)
        if page is None:
            if len(self.pages) >= MAX_ENTRIES:
                self.pages.clear()
            html = self.render(request, event_of(row)).encode()
            page = self.pages[key] = RenderedPage(html, compress_string(html))
        return page.respond(request)

    def current_row(self, event_id: int, second: int) -> Row | None:
        """The row of a public event: read now, or shared while many readers come."""
        readers = self.readers.get(event_id)
        if readers is None or readers.second != second:
            readers = Readers(second)
        readers.count += 1
        if shared := readers.shared_row:
            return shared
        asked_at = time.monotonic()
        row = read_row(event_id)
        if row is not None:
            readers.latest = (row, asked_at)
            if event_id not in self.readers and len(self.readers) >= MAX_ENTRIES:
                self.readers.clear()
            self.readers[event_id] = readers
        return row


def theme_of(request: HttpRequest) -> str:
    theme = request.COOKIES.get("theme", "")
    return theme if theme in THEMES else ""


@cache
def row_statement() -> tuple[Any, str, list[Any]]:
    """The compiler, the SQL and the parameters before the event's id.

    Written once: for Django to write this statement takes ten times the CPU of sending it.
    """
    organizer = (f"organizer__{name}" for name in ORGANIZER_FIELDS)
    rows = Event.objects.public().filter(pk=0).values_list(*EVENT_FIELDS, *organizer)
    compiler = rows.query.get_compiler(DEFAULT_DB_ALIAS)
    sql, (*parameters, event_id) = compiler.as_sql()
    assert event_id == 0  # noqa: S101  the last condition is the one added here
    return compiler, sql, parameters


def read_row(event_id: int) -> Row | None:
    """The EVENT_FIELDS and its organizer's ORGANIZER_FIELDS, as the database gives them.

    None if the event is not public.
    """
    if event_id > BigIntegerField.MAX_BIGINT:
        return None
    _compiler, sql, parameters = row_statement()
    with connection.cursor() as cursor:
        cursor.execute(sql, [*parameters, event_id])
        return cursor.fetchone()


def event_of(row: Row) -> Event:
    """The event, with its organizer, as `read_row` read them."""
    compiler, _sql, _parameters = row_statement()
    columns = [expression for expression, _sql, _alias in compiler.select]
    converters = compiler.get_converters(columns)
    values = next(iter(compiler.apply_converters([row], converters))) if converters else row
    split = len(EVENT_FIELDS)
    event = Event.from_db(DEFAULT_DB_ALIAS, EVENT_FIELDS, values[:split])
    event.organizer = User.from_db(DEFAULT_DB_ALIAS, ORGANIZER_FIELDS, values[split:])
    return event
