"""The cancellation by the guest: the question, the answer, and who is refused."""

import pytest
from django.utils import timezone

from tests.support.factories import make_reservation
from tests.support.markup import all_words, has_class, only, words
from tests.tickets.reserve_card import CARD, HTMX, MINE, cancel_url, dialog_words, state
from tickets.models import Reservation

pytestmark = pytest.mark.django_db


def test_cancellation_by_htmx_returns_the_open_card_and_empties_the_dialog(client):
    reservation = make_reservation(status="confirmed")
    client.force_login(reservation.person)
    response = client.post(cancel_url(reservation), headers=HTMX)
    assert (response.status_code, state(response), dialog_words(response)) == (200, "open", "")
    reservation.refresh_from_db()
    assert reservation.is_cancelled


@pytest.mark.parametrize(
    ("asked", "back"),
    [
        ({}, "event"),
        ({"next": MINE}, MINE),
        ({"next": "https://evil.example/"}, "event"),
        ({"next": "//evil.example"}, "event"),
    ],
)
def test_cancellation_by_a_plain_form_returns_to_the_page_before(client, asked, back):
    reservation = make_reservation()
    client.force_login(reservation.person)
    response = client.post(cancel_url(reservation), asked)
    assert response.url == (reservation.event.get_absolute_url() if back == "event" else back)
    assert all_words(
        client.get(response.url), f"//*[@id='toasts']/div[{has_class('toast')}]/p"
    ) == ["You left the queue."]


def test_cancellation_question_changes_nothing(client):
    reservation = make_reservation(status="confirmed")
    client.force_login(reservation.person)
    response = client.get(cancel_url(reservation), {"next": MINE})
    form = only(response, "//main//form")
    assert (form.get("method"), form.get("action")) == ("post", cancel_url(reservation))
    assert only(response, "//main//form/input[@name='next']").get("value") == MINE
    assert all_words(response, f"//main//form//*[{has_class('button')}]") == [
        "Keep my spot",
        "Cancel reservation",
    ]
    assert Reservation.objects.get().is_confirmed


@pytest.mark.both
def test_cancellation_twice_is_refused_with_the_reason(client):
    reservation = make_reservation(status="cancelled")
    client.force_login(reservation.person)
    assert words(only(client.get(cancel_url(reservation)), "//main//h1")) == "Nothing to cancel"
    response = client.post(cancel_url(reservation), headers=HTMX)
    assert (response.status_code, state(response)) == (409, "open")
    assert only(response, f"{CARD}//*[@role='alert']").get("data-code") == "already_gone"


@pytest.mark.both
def test_cancellation_of_a_used_ticket_is_refused(client):
    reservation = make_reservation(status="confirmed")
    reservation.tickets.update(checked_in_at=timezone.now())
    client.force_login(reservation.person)
    response = client.post(cancel_url(reservation), headers=HTMX)
    assert (response.status_code, state(response)) == (409, "confirmed")
    assert only(response, f"{CARD}//*[@role='alert']").get("data-code") == "already_checked_in"
