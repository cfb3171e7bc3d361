"""The cached event page: never older than its row, and only for readers without a session."""

import gzip
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from events import page_cache, services
from events.models import Event
from events.views import public
from tests.support.factories import make_event, make_organizer, make_person, make_reservation
from tests.support.markup import only, tree, words
from tickets.queue import registration

pytestmark = pytest.mark.django_db
EN = {"Accept-Language": "en"}
# A session cookie, even an unknown one: the page is rendered for this reader alone.
SESSION = {"sessionid": "unknown"}


def page(event, cookies=None, query=None, **headers):
    client = Client(headers=EN | headers)
    client.cookies.load(cookies or {})
    return client.get(event.get_absolute_url(), query)


def html_without_token(response):
    """The page without the CSRF token, which only the uncached page has."""
    return re.sub(r"<body\s+(hx-headers='[^']*')?\s*>", "<body>", response.content.decode())


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"admission": "automatic", "seats_limit": 1},
        {"status": "cancelled"},
        {"time_zone": "Asia/Tokyo"},
    ],
)
def test_page_cache_gives_the_same_page_as_the_view(fields):
    event = make_event(
        organizer=make_organizer("Zofia Król"), description="Ink & <paper>", **fields
    )
    first, again, uncached = page(event), page(event), page(event, SESSION)
    assert html_without_token(first) == html_without_token(again) == html_without_token(uncached)


def test_page_cache_renders_once_for_many_readers():
    event = make_event()
    rendered = [bool(page(event).templates) for _ in range(10)]
    # A page is kept for one second, and ten pages take less than three.
    assert 1 <= rendered.count(True) <= 3


@pytest.mark.both
def test_page_cache_shows_each_change_at_once():
    event = make_event(seats_limit=2, admission="automatic")
    spots = lambda: only(page(event), "//data[@id='live-spots-left']").get("value")  # noqa: E731
    seen = [spots()]
    first = make_reservation(event)
    seen.append(spots())
    make_reservation(event)
    seen.append(spots())
    registration.cancel(first, by=first.person)
    assert [*seen, spots()] == ["2", "1", "0", "1"]
    services.edit(event, by=event.organizer, title="Renamed")
    assert words(only(page(event), "//h1")) == "Renamed"
    event.organizer.first_name, event.organizer.last_name = "Olga", "Nowa"
    event.organizer.save()
    assert "Olga Nowa" in page(event).content.decode()
    services.cancel(event, by=event.organizer)
    assert only(page(event), "//section[@id='reservation']").get("data-state") == "cancelled"


class Clock:
    """A clock that a test moves, so that the speed of the machine does not matter."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def time(self) -> float:
        return self.now

    monotonic = time


def test_page_cache_shares_a_row_in_a_rush_for_less_than_a_second(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(page_cache, "time", clock)
    event = make_event(seats_limit=5, admission="automatic")

    def spots():
        return only(page(event), "//data[@id='live-spots-left']").get("value")

    with CaptureQueriesContext(connection) as asked:
        assert {spots() for _ in range(200)} == {"5"}
    # The first readers of a second each read the row themselves.
    assert len(asked) == page_cache.BUSY_READERS
    make_reservation(event)
    clock.now += 1
    assert spots() == "4"


@pytest.mark.both
def test_page_cache_reads_the_row_for_each_of_few_readers():
    event = make_event(seats_limit=5)
    with CaptureQueriesContext(connection) as asked:
        for _ in range(page_cache.BUSY_READERS):
            page(event)
    assert len(asked) == page_cache.BUSY_READERS


def test_page_cache_is_not_used_for_a_logged_in_person():
    event, person = make_event(admission="automatic"), make_person()
    page(event)
    client = Client(headers=EN)
    client.force_login(person)
    registration.reserve(event.pk, person=person)
    assert (
        only(client.get(event.get_absolute_url()), "//section[@id='reservation']").get("data-state")
        == "confirmed"
    )
    assert only(page(event), "//section[@id='reservation']").get("data-state") == "signed-out"


def test_page_cache_keeps_languages_and_themes_apart():
    event = make_event()
    page(event)
    polish, dark, odd = (
        page(event, **{"Accept-Language": "pl"}),
        page(event, {"theme": "dark"}),
        page(event, {"theme": '"><script>'}),
    )
    assert [only(answer, "/html").get("lang") for answer in (polish, dark)] == ["pl", "en"]
    assert [only(answer, "/html").get("data-theme") for answer in (polish, dark, odd)] == [
        None,
        "dark",
        None,
    ]


def test_page_cache_is_not_used_for_an_address_with_a_query_string():
    event = make_event()
    page(event)
    back = tree(page(event, query={"from": "a-friend"})).xpath("//input[@name='next']/@value")
    assert set(back) == {f"{event.get_absolute_url()}?from=a-friend"}


def test_cached_page_has_no_csrf_token_and_sets_no_cookie():
    event = make_event()
    for answer in (page(event), page(event)):
        assert "csrf" not in answer.content.decode().lower()
        assert not answer.cookies


def test_cached_page_is_compressed_for_clients_that_accept_gzip():
    event = make_event()
    plain, small = page(event), page(event, **{"Accept-Encoding": "br, gzip"})
    assert (plain.get("Content-Encoding"), small["Content-Encoding"]) == (None, "gzip")
    assert gzip.decompress(small.content) == plain.content
    for answer in (plain, small):
        assert "Accept-Encoding" in answer["Vary"]


@pytest.mark.parametrize("pk", ["0", str(2**63), "9" * 40])
def test_page_cache_of_an_unknown_event_is_not_found(client, pk):
    make_event()
    assert client.get(f"/events/{pk}/").status_code == 404


def test_page_cache_is_bounded(monkeypatch):
    monkeypatch.setattr(page_cache, "MAX_ENTRIES", 3)
    for event in [make_event() for _ in range(5)]:
        page(event)
    assert len(public.page_cache.pages) <= 3


@pytest.mark.both
def test_page_cache_holds_nothing_of_a_draft():
    draft = make_event(status=Event.Status.DRAFT)
    assert page(draft).status_code == 404
    assert not public.page_cache.pages
