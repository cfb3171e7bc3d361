"""The page of one's own reservations."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from events import services as event_services
from tests.support.factories import make_event, make_person, make_reservation
from tests.support.markup import all_words, has_class, tree, words
from tests.tickets.reserve_card import MINE, cancel_url, move_event

pytestmark = pytest.mark.django_db


def rows(response):
    """(state, title) of each row."""
    found = tree(response).xpath(f"//li[{has_class('event-row')}]")
    return [
        (words(row.xpath(f".//span[{has_class('status')}]")[0]), words(row.xpath(".//h2")[0]))
        for row in found
    ]


def test_my_reservations_show_every_status_soonest_first(client):
    person = make_person()
    titles = {"confirmed": "One", "pending": "Two", "rejected": "Three", "cancelled": "Four"}
    for days, (status, title) in enumerate(titles.items(), start=1):
        event = make_event(title=title, start_time=timezone.now() + timedelta(days=days))
        make_reservation(event, person, status=status)
    gone = make_event(title="Five", start_time=timezone.now() + timedelta(days=9))
    make_reservation(gone, person)
    event_services.cancel(gone, by=gone.organizer, message="No heating.")
    make_reservation(make_event(title="Somebody else's"))
    client.force_login(person)
    response = client.get(MINE)
    assert rows(response) == [
        ("Confirmed", "One"),
        ("Pending", "Two"),
        ("Rejected", "Three"),
        ("Cancelled", "Four"),
        ("Event cancelled", "Five"),
    ]
    assert all_words(response, "//nav[@aria-label='Filter reservations']/a") == [
        "Upcoming 5",
        "Past 0",
    ]
    assert "They wrote: No heating." in all_words(response, f"//li[{has_class('event-row')}]")[4]


def test_my_reservations_have_the_buttons_of_each_status(client):
    person = make_person()
    confirmed = make_reservation(make_event(), person, status="confirmed")
    waiting = make_reservation(
        make_event(seats_limit=1, start_time=timezone.now() + timedelta(days=20)), person
    )
    client.force_login(person)
    response = client.get(MINE)
    buttons = [
        (words(a), a.get("href")) for a in tree(response).xpath(f"//a[{has_class('above')}]")
    ]
    assert buttons == [
        ("Ticket", reverse("tickets:ticket", args=[confirmed.pk])),
        ("Calendar", reverse("events:calendar", args=[confirmed.event_id])),
        ("Cancel reservation", f"{cancel_url(confirmed)}?next={MINE}"),
        ("Cancel reservation", f"{cancel_url(waiting)}?next={MINE}"),
    ]
    assert "1st in the queue." in all_words(response, f"//li[{has_class('event-row')}]")[1]


def test_my_reservations_show_past_events_apart_newest_first(client):
    person = make_person()
    for days, title in ((1, "Long ago"), (2, "Lately")):
        event = make_event(title=title, start_time=timezone.now() + timedelta(days=days))
        make_reservation(event, person, status="confirmed")
        move_event(event, start_time=timedelta(days=days - 9), end_time=timedelta(days=days - 8))
    client.force_login(person)
    response = client.get(MINE, {"show": "past"})
    assert [title for _state, title in rows(response)] == ["Lately", "Long ago"]
    assert not tree(response).xpath(f"//a[{has_class('above')}]")
    assert rows(client.get(MINE)) == []


def test_my_reservations_show_a_repeated_reservation_once(client):
    event, person = make_event(), make_person()
    make_reservation(event, person, status="cancelled")
    make_reservation(event, person)
    client.force_login(person)
    assert rows(client.get(MINE)) == [("Pending", "Night Print")]


def test_my_reservations_say_who_is_inside(client):
    reservation = make_reservation(status="confirmed")
    reservation.tickets.update(checked_in_at=timezone.now())
    client.force_login(reservation.person)
    assert rows(client.get(MINE)) == [("Inside", "Night Print")]
    assert "Cancel reservation" not in client.get(MINE).text
