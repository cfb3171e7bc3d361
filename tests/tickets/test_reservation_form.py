"""The reservation by the form of the reserve card, with and without a script."""

import pytest

from tests.support.factories import make_event, make_person, make_reservation
from tests.support.markup import all_words, has_class, only, words
from tests.tickets.reserve_card import CARD, HTMX, card_words, reserve_url, state
from tickets.models import Reservation
from tickets.queue import registration

pytestmark = pytest.mark.django_db


def test_reservation_by_htmx_returns_the_card_with_the_focus_on_its_title(client):
    event, person = make_event(), make_person()
    client.force_login(person)
    response = client.post(reserve_url(event), headers=HTMX)
    assert (response.status_code, state(response)) == (200, "pending")
    assert "<html" not in response.text
    assert words(only(response, "//*[@data-focus]")) == "Waiting for approval"
    assert only(response, "//dialog[@id='cancel-dialog']").get("hx-swap-oob") == "true"
    assert Reservation.objects.get().person == person


def form_key(response):
    return only(response, f"{CARD}//input[@name='key']").get("value")


@pytest.mark.parametrize("headers", [HTMX, {}], ids=["htmx", "plain"])
def test_reservation_form_sent_twice_reserves_once_with_the_same_answer(client, headers):
    event = make_event()
    client.force_login(make_person())
    sent = {"key": form_key(client.get(event.get_absolute_url()))}
    first, second = (
        client.post(reserve_url(event), sent, headers=headers, follow=True) for _ in range(2)
    )
    assert (first.status_code, second.status_code) == (200, 200)
    assert card_words(first) == card_words(second)
    assert Reservation.objects.count() == 1


def test_reservation_forms_have_different_keys(client):
    event = make_event()
    client.force_login(make_person())
    assert len({form_key(client.get(event.get_absolute_url())) for _ in range(3)}) == 3


def test_reservation_key_is_for_one_person_and_one_event(client):
    event, other, sent = make_event(), make_event(), {"key": "00000000-0000-4000-8000-000000000000"}
    for person in (make_person(), make_person()):
        client.force_login(person)
        for one in (event, other):
            client.post(reserve_url(one), sent)
    assert Reservation.objects.pending().count() == 4


def test_reservation_form_sent_again_after_a_cancellation_is_refused(client):
    event, person = make_event(), make_person()
    client.force_login(person)
    sent = {"key": form_key(client.get(event.get_absolute_url()))}
    client.post(reserve_url(event), sent)
    registration.cancel(Reservation.objects.get(), by=person)
    answer = client.post(reserve_url(event), sent, headers=HTMX)
    assert answer.status_code == 409
    assert "gave that place back" in card_words(answer)
    assert [one.status for one in Reservation.objects.all()] == ["cancelled"]


def test_reservation_by_a_plain_form_returns_to_the_event_with_a_message(client):
    event = make_event(admission="automatic")
    client.force_login(make_person())
    response = client.post(reserve_url(event), follow=True)
    assert response.redirect_chain == [(event.get_absolute_url(), 302)]
    assert all_words(response, f"//*[@id='toasts']/div[{has_class('toast')}]/p") == [
        "Reserved. Your ticket is ready."
    ]
    assert state(response) == "confirmed"


@pytest.mark.parametrize(("headers", "status"), [(HTMX, 409), ({}, 302)])
def test_reservation_that_is_refused_shows_the_reason_and_the_status(client, headers, status):
    reservation = make_reservation()
    client.force_login(reservation.person)
    response = client.post(reserve_url(reservation.event), headers=headers)
    assert response.status_code == status
    if status == 302:
        response = client.get(response.url)
        assert all_words(response, "//*[@id='toasts']/div[@data-kind='error']/p") == [
            "You already have a reservation for this event."
        ]
    else:
        assert only(response, f"{CARD}//*[@role='alert']").get("data-code") == "already_registered"
    assert state(response) == "pending"
    assert Reservation.objects.count() == 1


def test_reservation_of_a_spot_taken_meanwhile_joins_the_queue(client):
    event = make_event(seats_limit=1, admission="automatic")
    client.force_login(make_person())
    make_reservation(event)
    assert state(client.post(reserve_url(event), headers=HTMX)) == "queued"


def test_reservation_of_a_visitor_needs_a_log_in_and_returns_to_the_event(client):
    event = make_event()
    answer = client.post(
        reserve_url(event), headers={"Referer": f"http://testserver{event.get_absolute_url()}"}
    )
    assert answer.url == f"/accounts/login/?next=/events/{event.pk}/"
    swapped = client.post(
        reserve_url(event),
        headers={**HTMX, "HX-Current-URL": f"http://testserver{event.get_absolute_url()}"},
    )
    assert swapped["HX-Redirect"] == f"/accounts/login/?next=/events/{event.pk}/"
    assert not Reservation.objects.exists()


def test_reservation_needs_a_post(client):
    event = make_event()
    client.force_login(make_person())
    assert client.get(reserve_url(event)).url == event.get_absolute_url()
    assert not Reservation.objects.exists()
