"""The reserve card of the event page in each of its states, as visitors and guests see it."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from events import services as event_services
from events.models import Event
from tests.support.factories import make_event, make_people, make_person, make_reservation
from tests.support.markup import all_words, has_class, only, tree
from tests.tickets.reserve_card import (
    CARD,
    MINE,
    cancel_url,
    card_url,
    card_words,
    dialog_words,
    move_event,
    reserve_url,
    state,
)
from tickets.queue import decisions, registration
from tickets.queue.card import card_of
from tickets.templatetags.reserve_card import line, ordinal

pytestmark = pytest.mark.django_db


def controls(response):
    """What can be pressed in the card, by its words."""
    return all_words(response, f"{CARD}//button | {CARD}//a[{has_class('button')}]")


# --- Each state -----------------------------------------------------------------------------------


def test_card_of_a_visitor_links_to_the_log_in_and_back(client):
    event = make_event()
    response = client.get(event.get_absolute_url())
    assert (state(response), controls(response)) == ("signed-out", ["Log in to reserve"])
    assert (
        only(response, f"{CARD}//a[normalize-space()='Log in to reserve']").get("href")
        == f"/accounts/login/?next=/events/{event.pk}/"
    )
    assert dialog_words(response) == ""


def test_card_of_an_open_event_offers_a_spot(client):
    event = make_event(admission="automatic")
    client.force_login(make_person())
    response = client.get(event.get_absolute_url())
    assert (state(response), controls(response)) == ("open", ["Reserve"])
    assert "24 spots left of 24 0 people waiting" in card_words(response)
    assert "You get your ticket at once." in card_words(response)
    form = only(response, f"{CARD}//form")
    assert (form.get("method"), form.get("action"), form.get("hx-post")) == (
        "post",
        reserve_url(event),
        reserve_url(event),
    )


def test_card_of_a_pending_guest_shows_place_and_drawing(client):
    event, person = make_event(), make_person(email="maja@example.org")
    make_reservation(event)
    make_reservation(event)
    make_reservation(event, person)
    make_reservation(event)
    client.force_login(person)
    response = client.get(event.get_absolute_url())
    assert (state(response), controls(response)) == ("pending", ["Cancel reservation"])
    assert "3rd in the queue" in card_words(response)
    assert (
        "2 people are ahead of you. The organizer decides. We will e-mail you at maja@example.org."
        in card_words(response)
    )
    assert [circle.get("class") for circle in tree(response).xpath(f"{CARD}//circle")] == [
        "ahead",
        "ahead",
        "you",
        "behind",
    ]
    assert (only(response, CARD).get("hx-get"), only(response, CARD).get("hx-trigger")) == (
        card_url(event, "pending-3"),
        "numbers from:body",
    )
    assert "Keep my place" in dialog_words(response)


def test_card_of_a_pending_guest_of_a_full_event_names_the_queue(client):
    event, person = make_event(seats_limit=1, admission="automatic"), make_person()
    make_reservation(event)
    make_reservation(event, person)
    client.force_login(person)
    response = client.get(event.get_absolute_url())
    assert (state(response), controls(response)) == ("queued", ["Leave the queue"])
    assert (
        "You are first in line. The event is full. If a spot frees up, the first in line gets it."
        in card_words(response)
    )
    assert dialog_words(response).startswith("Leave the queue?")


def test_card_of_a_confirmed_guest_links_to_the_ticket(client):
    reservation = make_reservation(status="confirmed")
    client.force_login(reservation.person)
    response = client.get(reservation.event.get_absolute_url())
    assert (state(response), controls(response)) == (
        "confirmed",
        ["Open my ticket", "Add to calendar", "Cancel reservation"],
    )
    assert only(response, f"{CARD}//a[normalize-space()='Open my ticket']").get("href") == reverse(
        "tickets:ticket", args=[reservation.pk]
    )
    assert only(response, "//dialog[@id='cancel-dialog']/form").get("action") == cancel_url(
        reservation
    )


def test_card_of_a_full_event_offers_the_queue(client):
    event = make_event(seats_limit=2)
    make_reservation(event, status="confirmed")
    make_reservation(event, status="confirmed")
    make_reservation(event)
    client.force_login(make_person())
    response = client.get(event.get_absolute_url())
    assert (state(response), controls(response)) == ("sold-out", ["Join the queue"])
    assert "All 2 spots are taken 0 spots left of 2 1 person waiting" in card_words(response)
    client.logout()
    assert controls(client.get(event.get_absolute_url())) == ["Log in to join the queue"]


def test_card_of_a_rejected_guest_shows_the_message(client):
    reservation = make_reservation()
    decisions.reject(
        reservation, by=reservation.event.organizer, message="Only <b>members</b> tonight."
    )
    client.force_login(reservation.person)
    response = client.get(reservation.event.get_absolute_url())
    assert (state(response), controls(response)) == ("rejected", ["See other events"])
    assert "They wrote: Only <b>members</b> tonight." in card_words(response)


def test_card_of_a_cancelled_event_shows_the_message(client):
    reservation = make_reservation(status="confirmed")
    event = reservation.event
    event_services.cancel(event, by=event.organizer, message="The heating broke.")
    assert "Tickets no longer work" not in card_words(client.get(event.get_absolute_url()))
    client.force_login(reservation.person)
    response = client.get(event.get_absolute_url())
    assert (state(response), controls(response)) == ("cancelled", ["See other events"])
    assert (
        "You had a spot. Your ticket no longer works. They wrote: The heating broke."
        in card_words(response)
    )


@pytest.mark.parametrize(
    ("status", "said"), [("confirmed", "You had a spot."), ("pending", "You were in the queue.")]
)
def test_card_of_a_cancelled_event_says_what_the_guest_had(client, status, said):
    reservation = make_reservation(status=status)
    event_services.cancel(reservation.event, by=reservation.event.organizer)
    client.force_login(reservation.person)
    assert said in card_words(client.get(reservation.event.get_absolute_url()))
    assert said in all_words(client.get(MINE), f"//li[{has_class('event-row')}]")[0]


def test_message_of_the_organizer_keeps_lines_and_links(client):
    reservation = make_reservation(status="confirmed")
    event, said = (
        reservation.event,
        "No heating.\nSee https://example.org/new?a=1&b=2\n\n<b>Sorry</b>",
    )
    event_services.cancel(event, by=event.organizer, message=said)
    other = make_reservation(person=reservation.person)
    decisions.reject(other, by=other.event.organizer, message=said)
    client.force_login(reservation.person)
    client.force_login(reservation.person)
    pages = [(event.get_absolute_url(), 1), (other.event.get_absolute_url(), 1), (MINE, 2)]
    for url, times in pages:
        page = tree(client.get(url))
        assert (
            page.xpath(f"//div[{has_class('organizer-message')}]//a/@href")
            == ["https://example.org/new?a=1&b=2"] * times
        ), url
        assert len(page.xpath(f"//div[{has_class('organizer-message')}]//br")) == times
        assert not page.xpath(f"//div[{has_class('organizer-message')}]//b")
    client.force_login(event.organizer)
    live = tree(client.get(reverse("events:live", args=[event.pk])))
    links = live.xpath(f"//div[{has_class('organizer-message')}]//a/@href")
    assert links == ["https://example.org/new?a=1&b=2"]


@pytest.mark.parametrize("change", ["cancelled", "past"])
def test_event_page_after_its_end_has_no_calendar_and_no_share_button(client, change):
    event = make_event()
    before = client.get(event.get_absolute_url()).text
    assert "data-share" in before
    assert "calendar.ics" in before
    if change == "cancelled":
        event_services.cancel(event, by=event.organizer)
    else:
        now = timezone.now()
        Event.objects.filter(pk=event.pk).update(
            start_time=now - timedelta(hours=3), end_time=now - timedelta(hours=1)
        )
        event.refresh_from_db()
    client.force_login(make_person())
    after = client.get(event.get_absolute_url()).text
    assert "data-share" not in after
    assert "calendar.ics" not in after


def test_card_of_a_draft_is_a_preview(client):
    event = make_event(status="draft")
    client.force_login(event.organizer)
    response = client.get(event.get_absolute_url())
    assert (state(response), controls(response)) == ("draft", [])


@pytest.mark.parametrize("status", ["", "cancelled"])
def test_card_of_a_running_event_offers_no_reservation(client, status):
    event, person = make_event(), make_person()
    if status:
        make_reservation(event, person, status=status)
    move_event(event, start_time=-timedelta(hours=1))
    client.force_login(person)
    response = client.get(event.get_absolute_url())
    assert (state(response), controls(response)) == ("started", ["See other events"])
    assert "already started" in card_words(response)


@pytest.mark.parametrize(
    ("status", "expected"),
    [("confirmed", "confirmed"), ("pending", "pending"), ("rejected", "rejected")],
)
def test_card_of_a_running_event_shows_guests_their_status(client, status, expected):
    reservation = make_reservation(status=status)
    move_event(reservation.event, start_time=-timedelta(hours=1))
    client.force_login(reservation.person)
    assert state(client.get(reservation.event.get_absolute_url())) == expected


@pytest.mark.parametrize("status", ["confirmed", "pending", "rejected"])
def test_card_of_a_past_event_offers_nothing(client, status):
    reservation = make_reservation(status=status)
    move_event(reservation.event, start_time=-timedelta(hours=3), end_time=-timedelta(hours=1))
    client.force_login(reservation.person)
    response = client.get(reservation.event.get_absolute_url())
    assert (state(response), controls(response)) == ("over", ["See other events"])


def test_card_of_a_guest_who_cancelled_offers_a_spot_again(client):
    reservation = make_reservation(status="cancelled")
    client.force_login(reservation.person)
    assert state(client.get(reservation.event.get_absolute_url())) == "open"


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (1, "1st"),
        (2, "2nd"),
        (3, "3rd"),
        (4, "4th"),
        (11, "11th"),
        (12, "12th"),
        (13, "13th"),
        (21, "21st"),
        (112, "112th"),
    ],
)
def test_ordinals_are_english(number, said):
    assert ordinal(number) == said


def test_queue_drawing_fits_a_phone_for_any_queue():
    event = make_event(seats_limit=1)
    people = make_people(40)
    for person in people:
        registration.reserve(event.pk, person=person)
    heads = line(card_of(Event.objects.get(pk=event.pk), people[29]))
    assert [head["kind"] for head in heads] == ["ahead"] * 8 + ["you"] + ["behind"] * 2
    assert heads[-1]["x"] + 7 <= 320


# --- My reservations ------------------------------------------------------------------------------


def test_card_of_an_event_with_approval_promises_no_spots(client):
    event = make_event(seats_limit=24)
    make_reservation(event)
    assert "24 spots to be given of 24 1 person has asked" in card_words(
        client.get(event.get_absolute_url())
    )
