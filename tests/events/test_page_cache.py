"""An event's page that strangers share: never older than its row, and nobody's but its reader's where it must be."""

import gzip
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from events import services, shared_page
from events.models import Event
from tests.support.factories import make_event, make_organizer, make_person, make_reservation
from tests.support.markup import only, tree, words
from tickets.queue import registration

pytestmark = pytest.mark.django_db
EN = {"Accept-Language": "en"}
# Not shared with anybody: this cookie might be somebody's.
ALONE = {"sessionid": "unknown"}


def page(event, cookies=None, query=None, **headers):
    client = Client(headers=EN | headers)
    client.cookies.load(cookies or {})
    return client.get(event.get_absolute_url(), query)


def said(response):
    """All of the page but the token of those who do not share it."""
    return re.sub(r" hx-headers='[^']*'", "", response.content.decode())


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"admission": "automatic", "seats_limit": 1},
        {"status": "cancelled"},
        {"time_zone": "Asia/Tokyo"},
    ],
)
def test_shared_page_is_the_one_that_is_drawn_for_one_alone(fields):
    event = make_event(
        organizer=make_organizer("Zofia Król"), description="Ink & <paper>", **fields
    )
    assert said(page(event)) == said(page(event)) == said(page(event, ALONE))


def test_shared_page_is_drawn_once_for_many():
    event = make_event()
    drawn = [bool(page(event).templates) for _ in range(10)]
    # Each second begins anew, and ten pages take less than three.
    assert 1 <= drawn.count(True) <= 3


def test_shared_page_says_each_change_at_once():
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
    """A time that stands still until it is told to go on, however slow the machine."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def time(self) -> float:
        return self.now

    monotonic = time


def test_in_a_rush_readers_share_a_read_and_see_a_change_within_a_second(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(shared_page, "time", clock)
    event = make_event(seats_limit=5, admission="automatic")

    def spots():
        return only(page(event), "//data[@id='live-spots-left']").get("value")

    with CaptureQueriesContext(connection) as asked:
        assert {spots() for _ in range(200)} == {"5"}
    # Those before it is a rush ask for themselves.
    assert len(asked) == shared_page.BUSY
    make_reservation(event)
    clock.now += 1
    assert spots() == "4"


def test_without_a_rush_nobody_shares_a_read():
    event = make_event(seats_limit=5)
    with CaptureQueriesContext(connection) as asked:
        for _ in range(shared_page.BUSY):
            page(event)
    assert len(asked) == shared_page.BUSY


def test_shared_page_is_none_of_those_who_are_logged_in():
    event, person = make_event(admission="automatic"), make_person()
    page(event)
    client = Client(headers=EN)
    client.force_login(person)
    registration.reserve(event, person=person)
    assert (
        only(client.get(event.get_absolute_url()), "//section[@id='reservation']").get("data-state")
        == "confirmed"
    )
    assert only(page(event), "//section[@id='reservation']").get("data-state") == "signed-out"


def test_shared_page_speaks_each_readers_language_and_wears_their_theme():
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


def test_shared_page_leads_back_to_where_its_reader_was():
    event = make_event()
    page(event)
    back = tree(page(event, query={"from": "a-friend"})).xpath("//input[@name='next']/@value")
    assert set(back) == {f"{event.get_absolute_url()}?from=a-friend"}


def test_shared_page_has_no_token_and_sets_no_cookie():
    event = make_event()
    for answer in (page(event), page(event)):
        assert "csrf" not in answer.content.decode().lower()
        assert not answer.cookies


def test_shared_page_is_compressed_once_for_those_who_take_it():
    event = make_event()
    plain, small = page(event), page(event, **{"Accept-Encoding": "br, gzip"})
    assert (plain.get("Content-Encoding"), small["Content-Encoding"]) == (None, "gzip")
    assert gzip.decompress(small.content) == plain.content
    for answer in (plain, small):
        assert "Accept-Encoding" in answer["Vary"]


@pytest.mark.parametrize("pk", ["0", str(2**63), "9" * 40])
def test_shared_page_of_no_event_is_not_found(client, pk):
    make_event()
    assert client.get(f"/events/{pk}/").status_code == 404


def test_shared_pages_are_few(monkeypatch):
    monkeypatch.setattr(shared_page, "MOST_PAGES", 3)
    for event in [make_event() for _ in range(5)]:
        page(event)
    assert len(shared_page.drawn) <= 3


def test_shared_page_keeps_nothing_of_a_draft():
    draft = make_event(status=Event.Status.DRAFT)
    shared_page.drawn.clear()
    assert page(draft).status_code == 404
    assert not shared_page.drawn
