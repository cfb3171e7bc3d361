"""The chart of arrivals: equal steps without gaps, and a table with the same numbers."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse

from tests.support.factories import make_event, make_organizer, make_people
from tests.support.markup import all_words, has_class, only, tree, words
from tickets.checkin import arrivals
from tickets.models import Reservation, Ticket
from tickets.templatetags.arrivals import scale

pytestmark = pytest.mark.django_db
TOKYO = ZoneInfo("Asia/Tokyo")
SEVEN = datetime(2027, 5, 1, 19, 2, tzinfo=TOKYO)
HTMX = {"HX-Request": "true"}


@pytest.fixture
def event(client):
    event = make_event(
        organizer=make_organizer(), time_zone="Asia/Tokyo", seats_limit=100, start_time=SEVEN
    )
    client.force_login(event.organizer)
    return event


def let_in(event, *minutes):
    """A guest for each, who came so many minutes after two past seven."""
    people = make_people(len(minutes))
    made = Reservation.objects.bulk_create(
        [Reservation(event=event, person=person, status="confirmed") for person in people]
    )
    tickets = [Ticket.issue(reservation) for reservation in made]
    for ticket, minute in zip(tickets, minutes, strict=True):
        ticket.checked_in_at, ticket.checked_in_by = (
            SEVEN + timedelta(minutes=minute),
            event.organizer,
        )
    Ticket.objects.bulk_create(tickets)
    event.confirmed_count, event.checked_in_count = len(minutes), len(minutes)
    event.save()


def steps(event):
    return [
        (f"{step.begins:%H:%M}", step.count, step.total) for step in arrivals.arrivals(event).steps
    ]


@pytest.mark.both
def test_arrival_steps_have_no_gaps_and_follow_the_zone_of_the_event(event):
    let_in(event, 0, 1, 2, 14)
    assert steps(event) == [("19:00", 3, 3), ("19:05", 0, 3), ("19:10", 0, 3), ("19:15", 1, 4)]


@pytest.mark.parametrize(
    ("last", "minutes"),
    [
        (20, 5),
        (200, 10),
        (400, 15),
        (800, 30),
        (1600, 60),
        (20_000, 720),
        (30_000, 1440),
        (90_000, 4320),
    ],
)
def test_arrival_steps_of_a_long_evening_are_longer_and_fit(event, last, minutes):
    let_in(event, 0, last)
    found = arrivals.arrivals(event)
    assert found.minutes == minutes
    assert len(found.steps) <= arrivals.MOST_BARS
    assert found.total == sum(step.count for step in found.steps) == 2


@pytest.mark.both
def test_arrivals_leave_out_undone_check_ins_and_void_tickets(event):
    let_in(event, 0, 3, 6)
    first, second, _third = event.tickets.order_by("pk")
    Ticket.objects.filter(pk=first.pk).update(checked_in_at=None)
    Ticket.objects.filter(pk=second.pk).update(void_at=SEVEN)
    assert arrivals.arrivals(event).total == 1
    assert len(arrivals.latest(event)) == 1


@pytest.mark.parametrize(
    ("highest", "axis"),
    [
        (1, [3, 2, 1, 0]),
        (4, [6, 4, 2, 0]),
        (27, [30, 20, 10, 0]),
        (287, [300, 200, 100, 0]),
        (301, [600, 400, 200, 0]),
    ],
)
def test_arrival_axes_have_round_numbers(highest, axis):
    assert scale(highest) == axis


def test_arrival_chart_and_table_have_the_same_numbers(client, event):
    let_in(event, 0, 0, 0, 9, 31)
    page = client.get(reverse("events:live", args=[event.pk]))
    table = [words(row) for row in tree(page).xpath("//*[@id='arrivals-table']//tbody/tr")]
    assert table == [f"{time} {count} {total}" for time, count, total in steps(event)]
    plot = only(page, f"//*[{has_class('chart__plot')}]")
    bars = plot.xpath(".//rect")
    assert len(bars) == len(table)
    assert float(bars[0].get("height")) == pytest.approx(180 * 3 / scale(3)[0])
    assert "Most of them, 3, between 19:00 and 19:05. In total: 5 of 5 expected." in only(
        page, f"//*[{has_class('chart')}]"
    ).get("aria-label")


@pytest.mark.both
def test_arrival_list_names_the_last_guests_newest_first(client, event):
    let_in(event, *range(10))
    answer = client.get(reverse("tickets:arrivals", args=[event.pk]), headers=HTMX)
    assert all_words(answer, f"//ul[{has_class('feed')}]/li/span") == [
        f"Guest {number}" for number in range(9, 1, -1)
    ]


def test_arrivals_explain_themselves_before_the_first_guest(client, event):
    page = client.get(reverse("events:live", args=[event.pk]))
    assert "Nobody is here yet." in words(only(page, "//*[@id='arrivals']"))
    assert tree(page).xpath(f"//*[{has_class('chart')}]") == []
