"""The reserve card that loads itself again after a change of the event."""

import pytest

from tests.support.factories import make_event, make_reservation
from tests.support.markup import tree
from tests.support.page_checks import inline_code_in
from tests.tickets.reserve_card import (
    HTMX,
    MINE,
    cancel_url,
    card_url,
    card_words,
    dialog_words,
    state,
)
from tickets.queue import decisions, registration

pytestmark = pytest.mark.django_db


def test_live_card_is_empty_without_a_change(client):
    reservation = make_reservation()
    client.force_login(reservation.person)
    response = client.get(card_url(reservation.event, "pending-1"), headers=HTMX)
    assert (response.status_code, response.content) == (204, b"")


def test_live_card_shows_a_better_place_and_keeps_an_open_dialog(client):
    event = make_event()
    first, second = make_reservation(event), make_reservation(event)
    client.force_login(second.person)
    registration.cancel(first, by=first.person)
    response = client.get(card_url(event, "pending-2"), headers=HTMX)
    assert "1st in the queue" in card_words(response)
    assert not tree(response).xpath("//dialog")
    assert not tree(response).xpath("//*[@data-focus]")


def test_live_card_shows_the_decision_with_its_dialog(client):
    reservation = make_reservation()
    client.force_login(reservation.person)
    decisions.confirm(reservation, by=reservation.event.organizer)
    response = client.get(card_url(reservation.event, "pending-1"), headers=HTMX)
    assert state(response) == "confirmed"
    assert "Your spot becomes free" in dialog_words(response)


def test_card_address_opened_alone_leads_to_the_event(client):
    event = make_event()
    assert client.get(card_url(event)).url == event.get_absolute_url()
    assert client.get(card_url(make_event(status="draft"))).status_code == 404


def test_pages_of_each_status_have_no_inline_code(client):
    for status in ("pending", "confirmed", "rejected", "cancelled"):
        reservation = make_reservation(status=status)
        client.force_login(reservation.person)
        for url in (reservation.event.get_absolute_url(), MINE, cancel_url(reservation)):
            assert inline_code_in(client.get(url)) == []
