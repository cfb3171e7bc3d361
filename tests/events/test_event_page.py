"""The page of one event, as visitors and guests see it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from events import date_text
from events.live import feeds
from events.models import Event
from tests.events.upcoming import LIST, in_days
from tests.support.factories import make_event, make_organizer
from tests.support.markup import has_class, only, tree, words
from tests.support.page_checks import inline_code_in

pytestmark = pytest.mark.django_db


def test_event_page_shows_day_hours_and_place(client):
    start = datetime(2036, 12, 12, 17, tzinfo=UTC)
    event = make_event(start_time=start, end_time=start + timedelta(hours=4))
    text = words(only(client.get(event.get_absolute_url()), f"//ul[{has_class('facts')}]"))
    assert "Friday, 12 December 2036 18:00–22:00" in text
    assert "Ruska 46c, Wrocław" in text


def test_hours_are_those_of_the_place_and_name_its_zone_where_it_is_not_ours():
    start = datetime(2036, 7, 1, 1, tzinfo=UTC)
    event = make_event(
        start_time=start, end_time=start + timedelta(hours=2), time_zone="America/New_York"
    )
    assert (date_text.hours(event), date_text.day(event.local_start)) == (
        "21:00–23:00 (America/New York)",
        "Monday, 30 June 2036",
    )


def test_dates_in_polish_use_the_form_that_a_date_needs(client):
    start = datetime(2036, 12, 12, 17, tzinfo=UTC)
    event = make_event(start_time=start, end_time=start + timedelta(hours=4))
    page = client.get(event.get_absolute_url(), headers={"Accept-Language": "pl"})
    assert "Piątek, 12 grudnia 2036" in words(only(page, f"//ul[{has_class('facts')}]"))


def test_event_page_of_a_draft_is_for_its_managers_only(client):
    event = make_event(status="draft")
    url = event.get_absolute_url()
    assert client.get(url).status_code == 404
    client.force_login(make_organizer())
    assert client.get(url).status_code == 404
    client.force_login(event.organizer)
    assert "only you can see a draft" in client.get(url).text


def test_event_page_turns_the_description_into_paragraphs_and_links_only(client):
    text = (
        "First <script>alert(1)</script> & more\n\n"
        "Second https://example.org/x?a=1&b=2 javascript:alert(1)"
    )
    event = make_event(
        title="<img src=x onerror=alert(1)>",
        description=text,
        location="</title><b>x</b>",
        organizer=make_organizer("<u>Eve</u> <i>X</i>"),
    )
    response = client.get(event.get_absolute_url())
    paragraphs = tree(response).xpath(f"//div[{has_class('prose')}]/div/p")
    assert words(paragraphs[0]) == "First <script>alert(1)</script> & more"
    assert [(a.get("href"), a.get("rel")) for a in paragraphs[1].xpath("a")] == [
        ("https://example.org/x?a=1&b=2", "nofollow")
    ]
    assert words(only(response, "//h1")) == "<img src=x onerror=alert(1)>"
    assert inline_code_in(response) == []


@pytest.mark.parametrize(
    "letters",
    ["x" * 10_000, "\u202eabc\u202c 🎟️", "=cmd|' /C calc'!A0", "{{ 7|add:7 }}{% now 'Y' %}"],
)
def test_strange_text_is_shown_as_it_is(client, letters):
    event = make_event(title=letters[:200], description=letters, location=letters[:200])
    for url in (LIST, event.get_absolute_url()):
        response = client.get(url)
        assert response.status_code == 200
        assert letters[:200] in tree(response).text_content()
        assert inline_code_in(response) == []


def test_event_page_connects_its_socket_outside_of_swapped_parts(client):
    event = make_event(seats_limit=24, confirmed_count=17, pending_count=4)
    page = tree(client.get(event.get_absolute_url()))
    (socket,) = page.xpath("//*[@ws-connect]")
    assert (
        socket.get("ws-connect")
        == f"/ws/events/{event.pk}/?format=html&parts=confirmed,pending,spots-left,seats-limit,bar"
    )
    assert float(socket.get("data-heartbeat")) == feeds.HEARTBEAT_SECONDS
    assert len(socket) == 0
    numbers = {data.get("id"): data.get("value") for data in page.xpath("//data")}
    assert numbers == {
        "live-confirmed": "17",
        "live-spots-left": "7",
        "live-seats-limit": "24",
        "live-pending": "4",
    }
    assert [rect.get("width") for rect in page.xpath("//*[@id='live-bar']/rect")] == [
        "70.8%",
        "16.7%",
    ]


def test_event_page_of_a_past_event_has_no_socket(client):
    assert not tree(client.get(in_days(-2).get_absolute_url())).xpath("//*[@ws-connect]")


def test_live_words_come_in_every_plural_form(client):
    event = make_event(seats_limit=1, admission="automatic")
    element = only(client.get(event.get_absolute_url()), "//*[@data-plural='live-spots-left']")
    assert words(element) == "spot left"
    forms = {name: element.get(f"data-{name}") for name in ("one", "few", "many", "other")}
    assert forms == {
        "one": "spot left",
        "few": "spots left",
        "many": "spots left",
        "other": "spots left",
    }


def test_calendar_file_is_for_people_who_may_see_the_event(client):
    event, draft = make_event(), make_event(status="draft")
    response = client.get(reverse("events:calendar", args=[event.pk]))
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    assert response["Content-Disposition"] == f'attachment; filename="event-{event.pk}.ics"'
    assert b"SUMMARY:Night Print" in response.content
    assert client.get(reverse("events:calendar", args=[draft.pk])).status_code == 404


@pytest.mark.parametrize("name", ["events:detail", "events:calendar"])
def test_pages_of_events_are_only_read(client, name):
    event = make_event()
    before = Event.objects.values().get(pk=event.pk)
    assert client.post(reverse(name, args=[event.pk])).status_code == 405
    assert client.get(reverse(name, args=[event.pk])).status_code == 200
    assert Event.objects.values().get(pk=event.pk) == before


@pytest.mark.parametrize(
    ("length", "step"),
    [
        (60, "title"),
        (61, "title title--long"),
        (140, "title title--long"),
        (141, "title title--longest"),
    ],
)
def test_event_page_sets_a_long_title_smaller(client, length, step):
    event = make_event(title="W" * length)
    assert only(client.get(event.get_absolute_url()), "//h1").get("class") == step
