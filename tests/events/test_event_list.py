"""The public list of events, as visitors and guests see it."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from events import date_text, services
from events.forms.filters import EventFilters, days_of
from tests.events.upcoming import LIST, in_days
from tests.support.factories import make_event, make_organizer, make_person, make_reservation
from tests.support.markup import all_words, has_class, only, tree, words

pytestmark = pytest.mark.django_db
ROW = f"//li[{has_class('event-row')}]"
HTMX = {"HX-Request": "true"}


def titles(response):
    return all_words(response, f"{ROW}//h3")


def foot(response):
    return all_words(response, f"{ROW}//div[{has_class('event-row__foot')}]")


def test_list_shows_published_upcoming_events_soonest_first(client):
    in_days(3, title="Later")
    in_days(1, title="Sooner")
    in_days(2, title="A secret draft", status="draft")
    in_days(-20, title="Long over")
    assert titles(client.get(LIST)) == ["Sooner", "Later"]


def test_list_keeps_a_cancelled_event_with_its_status(client):
    event = in_days(1, title="Called off")
    services.cancel(event, by=event.organizer)
    response = client.get(LIST)
    assert (titles(response), foot(response)) == (["Called off"], ["Cancelled"])


def test_list_never_shows_a_cancelled_draft(client):
    event = in_days(1, title="Never announced", status="draft")
    services.cancel(event, by=event.organizer)
    assert titles(client.get(LIST)) == []
    assert client.get(event.get_absolute_url()).status_code == 404


def test_list_shows_a_running_event_under_today(client):
    start = timezone.now().replace(microsecond=0) - timedelta(hours=1)
    event = make_event(start_time=start, end_time=start + timedelta(hours=3))
    response = client.get(LIST)
    assert "Happening now" in all_words(response, ROW)[0]
    assert date_text.hours(event) in all_words(response, ROW)[0]
    assert words(tree(response).xpath("//section[@class='agenda__day']/h2")[0]).startswith("Today")


def test_list_uses_the_day_in_the_zone_of_the_event(client):
    """23:30 in New York is already the next day in Warsaw."""
    there = ZoneInfo("America/New_York")
    start = (timezone.now().astimezone(there) + timedelta(days=30)).replace(
        hour=23, minute=30, second=0, microsecond=0
    )
    make_event(start_time=start.astimezone(UTC), time_zone=there.key)
    response = client.get(LIST)
    assert (
        date_text.without_weekday(start.date())
        in all_words(response, "//section[@class='agenda__day']/h2")[0]
    )
    assert "23:30 (America/New York)" in all_words(response, ROW)[0]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"q": "django"}, ["Django in the long run"]),
        ({"q": "RUN django"}, ["Django in the long run"]),
        ({"q": "łokietka"}, ["Repair café"]),
        ({"q": "ŁOKIETKA"}, ["Repair café"]),
        ({"q": "wiśniewska"}, ["Django in the long run"]),
        ({"q": "broken"}, ["Repair café"]),
        ({"q": "django broken"}, []),
        ({"q": "."}, []),
        ({"q": "%"}, []),
        ({"place": "wrocław"}, ["Repair café"]),
        ({"place": "django"}, []),
        ({"noapproval": "1"}, ["Django in the long run"]),
        ({"free": "1"}, ["Django in the long run"]),
        ({"q": "", "when": "any"}, ["Repair café", "Django in the long run"]),
        (
            {"when": "never", "since": "soon", "until": "0001-01-01", "page": "x"},
            ["Repair café", "Django in the long run"],
        ),
    ],
)
def test_list_filters_by_words_place_and_admission(client, asked, found):
    in_days(
        1,
        title="Repair café",
        description="Bring a broken thing",
        location="Łokietka 5, Wrocław",
        seats_limit=1,
        confirmed_count=1,
    )
    organizer = make_organizer("Maja Wiśniewska")
    in_days(
        2,
        title="Django in the long run",
        location="Gdańsk",
        admission="automatic",
        organizer=organizer,
    )
    assert titles(client.get(LIST, asked)) == found


def test_list_between_two_dates_has_events_of_any_of_these_days(client):
    noon = timezone.localtime().replace(hour=12, minute=0, second=0, microsecond=0)
    for days, title in ((5, "Before"), (7, "First day"), (9, "Last day"), (11, "After")):
        start = noon + timedelta(days=days)
        make_event(title=title, start_time=start, end_time=start + timedelta(hours=2))
    begun = noon + timedelta(days=6)
    make_event(title="Runs into it", start_time=begun, end_time=begun + timedelta(days=2))
    since, until = (noon + timedelta(days=7)).date(), (noon + timedelta(days=9)).date()
    assert titles(client.get(LIST, {"since": since, "until": until})) == [
        "Runs into it",
        "First day",
        "Last day",
    ]
    assert titles(client.get(LIST, {"since": until})) == ["Last day", "After"]


@pytest.mark.parametrize(
    ("when", "today", "span"),
    [
        ("week", date(2026, 12, 2), (date(2026, 12, 2), date(2026, 12, 6))),
        ("week", date(2026, 12, 6), (date(2026, 12, 6), date(2026, 12, 6))),
        ("weekend", date(2026, 12, 2), (date(2026, 12, 5), date(2026, 12, 6))),
        ("weekend", date(2026, 12, 6), (date(2026, 12, 5), date(2026, 12, 6))),
        ("month", date(2026, 12, 2), (date(2026, 12, 2), date(2026, 12, 31))),
        ("month", date(2024, 2, 29), (date(2024, 2, 29), date(2024, 2, 29))),
        ("any", date(2026, 12, 2), (None, None)),
        ("", date(2026, 12, 2), (None, None)),
    ],
)
def test_week_weekend_and_month_mean_what_is_left_of_them(when, today, span):
    assert days_of(when, today) == span


def test_dates_are_days_of_this_site_also_when_the_clocks_change():
    filters = EventFilters({"since": "2026-10-25", "until": "2026-10-25"})
    assert filters.is_valid()
    assert filters.span() == (
        datetime(2026, 10, 24, 22, tzinfo=UTC),
        datetime(2026, 10, 25, 23, tzinfo=UTC),
    )


def test_past_events_come_newest_first_and_without_cancelled_ones(client):
    in_days(-9, title="Older")
    in_days(-3, title="Newer")
    in_days(-2, title="Called off", status="cancelled")
    in_days(2, title="To come")
    response = client.get(LIST, {"past": "1"})
    assert titles(response) == ["Newer", "Older"]
    assert words(only(response, "//section[@id='results']//p[@role='status']")) == "2 past events"


def test_list_shows_a_guest_their_own_status(client):
    person = make_person()
    first, second, third = in_days(1), in_days(2), in_days(3)
    make_reservation(first, person, status="confirmed")
    make_reservation(second, person)
    make_reservation(third, make_person(), status="confirmed")
    client.force_login(person)
    assert foot(client.get(LIST)) == ["You are going", "Pending", "23 spots"]
    client.logout()
    assert foot(client.get(LIST)) == ["23 spots", "24 spots, 1 has asked", "23 spots"]


def test_list_says_how_many_wait_at_a_full_event(client):
    event = in_days(1, seats_limit=1)
    make_reservation(event, status="confirmed")
    make_reservation(event)
    assert foot(client.get(LIST)) == ["Sold out, 1 waiting"]


def test_list_shows_no_address_of_an_organizer_without_a_name(client):
    event = in_days(1, organizer=make_organizer(" ", email="hidden@example.org"))
    assert "hidden@example.org" not in client.get(LIST).text
    assert "hidden@example.org" not in client.get(event.get_absolute_url()).text


def test_later_events_come_page_by_page_and_keep_the_filters(client):
    for number in range(23):
        in_days(number + 1, title=f"Event {number:02}")
    first = client.get(LIST, {"q": "event"})
    more = only(first, "//a[normalize-space()='Show later events']")
    assert (len(titles(first)), more.get("href"), more.get("hx-get")) == (
        20,
        "?q=event&page=2",
        "/?q=event&page=2",
    )
    fragment = client.get(more.get("hx-get"), headers=HTMX)
    assert titles(fragment) == ["Event 20", "Event 21", "Event 22"]
    assert "<html" not in fragment.text and not tree(fragment).xpath("//*[@id='results']")
    assert not tree(fragment).xpath("//a[normalize-space()='Show later events']")
    assert titles(client.get(more.get("hx-get"))) == ["Event 20", "Event 21", "Event 22"]


def test_htmx_gets_the_results_alone_but_the_whole_page_when_going_back(client):
    in_days(1, title="Night Print")
    fragment = client.get(LIST, {"q": "night"}, headers={**HTMX, "HX-Target": "results"})
    assert "<html" not in fragment.text
    assert titles(fragment) == ["Night Print"]
    assert "HX-Request" in fragment["Vary"]
    back = client.get(LIST, {"q": "night"}, headers={**HTMX, "HX-History-Restore-Request": "true"})
    assert only(back, "//input[@name='q']").get("value") == "night"


def test_empty_list_tells_no_events_from_no_matches(client):
    assert all_words(client.get(LIST), "//h2") == ["Nothing is planned right now"]
    assert all_words(client.get(LIST, {"past": "1"}), "//h2") == ["No past events yet"]
    response = client.get(LIST, {"q": "<i>glass"})
    assert all_words(response, "//h2") == ["Nothing matches “<i>glass”"]
    assert only(response, "//a[normalize-space()='Clear filters']").get("href") == LIST
