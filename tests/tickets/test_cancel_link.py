"""The link in a mail that gives a place back without logging in."""

import pytest
from django.core import signing
from django.urls import reverse

from tests.support.check_in import check_in
from tests.support.factories import make_event, make_person, make_reservation
from tests.support.mailbox import letters_to, link_in
from tests.support.markup import all_words, only, words
from tickets.models import Reservation
from tickets.ticket import links

pytestmark = pytest.mark.django_db


@pytest.fixture
def reservation():
    return make_reservation(
        make_event(title="Nocny druk"), make_person("Maja Wiśniewska"), status="confirmed"
    )


@pytest.fixture
def link(reservation):
    return link_in(letters_to(reservation.person.email)[-1], "/leave/")


def status(reservation):
    return Reservation.objects.get(pk=reservation.pk).status


def test_cancel_link_opened_many_times_changes_nothing(client, reservation, link):
    for _ in range(3):
        answer = client.get(link)
        client.head(link)
    assert words(only(answer, "//h1")) == "Cancel your reservation?"
    assert answer["Cache-Control"].startswith("max-age=0")
    assert status(reservation) == "confirmed"


def test_cancel_link_and_its_button_cancel_the_reservation(client, reservation, link):
    client.get(link)
    answer = client.post(link)
    assert words(only(answer, "//h1")) == "Your reservation is cancelled"
    assert status(reservation) == "cancelled"
    assert "You are not going to Nocny druk" in letters_to(reservation.person.email)[-1].subject
    assert client.post(link).status_code == 409
    assert words(only(client.get(link), "//h1")) == "Nothing to cancel"


def test_cancel_page_shows_nothing_of_the_person(client, reservation, link):
    text = client.get(link).text
    assert not {
        "Maja",
        "Wiśniewska",
        reservation.person.email,
        reservation.tickets.get().code,
    } & set(text.split())
    assert reservation.person.email not in text and "Wiśniewska" not in text


def test_cancel_link_of_a_used_ticket_is_refused(client, reservation, link):
    check_in(reservation, by=reservation.event.organizer)
    answer = client.post(link)
    assert (answer.status_code, status(reservation)) == (409, "confirmed")
    assert all_words(answer, "//*[@role='alert']") == [
        "This ticket has already been used at the door."
    ]


def test_cancel_link_with_a_wrong_signature_is_not_found(client, reservation, link):
    token = link.strip("/").rpartition("/")[2]
    forged = signing.dumps(reservation.pk, salt="something.else")
    for wrong in (token[:-1] + ("a" if token[-1] != "a" else "b"), forged, str(reservation.pk)):
        assert client.post(reverse("tickets:leave", args=[wrong])).status_code == 404
    assert status(reservation) == "confirmed"
    assert links.reservation_from_token(token) == reservation


def test_cancel_link_of_a_cancelled_reservation_leaves_the_next_one(client, reservation, link):
    client.post(link)
    again = make_reservation(reservation.event, reservation.person)
    assert client.post(link).status_code == 409
    assert status(again) == "pending"
