"""Decisions about one guest, by htmx and by a plain form."""

import pytest
from django.urls import reverse

from tests.support.factories import make_event, make_person, make_reservation
from tests.support.markup import all_words, has_class, only, tree, words
from tests.tickets.queue_page.page import (
    HTMX,
    bulk,
    counts,
    names,
    places,
    press,
    queue_url,
    row,
    row_state,
    status_of,
    toast,
)
from tickets.models import Reservation
from tickets.queue import decisions, reads

pytestmark = pytest.mark.django_db


def test_approval_by_htmx_returns_the_row_and_the_counts(client, event):
    first, _second = make_reservation(event, make_person("Tomasz Lis")), make_reservation(event)
    response = press(client, "confirm", first)
    assert response.status_code == 200
    assert response.text.lstrip().startswith("<tr")
    assert (
        status_of(first),
        row_state(response, first),
        row(response, first).get("data-settled"),
    ) == ("confirmed", "Confirmed", "ok")
    (button,) = row(response, first).xpath(".//button")
    assert (button.get("aria-label"), button.get("data-focus"), button.get("hx-post")) == (
        "Undo: Tomasz Lis",
        "",
        reverse("tickets:undo", args=[first.pk]),
    )
    assert counts(response) == {
        "count-pending": "1",
        "count-confirmed": "1",
        "count-rejected": "0",
        "count-cancelled": "0",
        "count-all": "2",
    }
    assert all(
        span.get("hx-swap-oob") == "true"
        for span in tree(response).xpath(f"//span[{has_class('chip__count')}]")
    )
    assert only(response, "//*[@id='queue-capacity']").get("hx-swap-oob") == "true"
    assert only(response, "//*[@id='rail-pending']").text == "1"
    assert toast(response) == ["Tomasz Lis is confirmed."]
    undo = only(response, "//*[@id='toasts']//button")
    assert (words(undo), undo.get("hx-post"), undo.get("hx-target")) == (
        "Undo",
        reverse("tickets:undo", args=[first.pk]),
        "#queue",
    )


def test_rejection_by_htmx_returns_the_row(client, event):
    reservation = make_reservation(event)
    response = press(client, "reject", reservation, {"message": "Full of regulars."})
    assert (row_state(response, reservation), row(response, reservation).get("data-settled")) == (
        "Rejected",
        "bad",
    )
    assert Reservation.objects.get().message == "Full of regulars."


def test_rejection_of_a_confirmed_guest_frees_the_seat(client, event):
    reservation = make_reservation(event, status="confirmed")
    response = press(client, "reject", reservation)
    assert row_state(response, reservation) == "Rejected"
    assert only(response, "//*[@id='live-spots-left']").get("value") == "24"
    assert not reservation.tickets.valid().exists()


def test_undo_returns_the_row_with_its_place(client, event):
    first, second = make_reservation(event, make_person("Ewa Lis")), make_reservation(event)
    decisions.confirm(first, by=event.organizer)
    response = press(client, "undo", first)
    assert (row_state(response, first), places(response)) == ("Pending", ["1"])
    assert only(response, "//*[@data-focus]").get("aria-label") == "Approve Ewa Lis"
    assert not tree(response).xpath("//*[@id='toasts']//button")
    assert reads.position(second) == 2


def test_undo_in_the_toast_returns_the_table_on_screen(client, event):
    first, second = make_reservation(event), make_reservation(event, make_person("Ola Lis"))
    decisions.reject(first, by=event.organizer)
    decisions.reject(second, by=event.organizer)
    response = press(client, "undo", first, {"state": "rejected"}, **HTMX, **{"HX-Target": "queue"})
    assert names(response) == ["Ola Lis"]
    assert status_of(first) == "pending"


@pytest.mark.parametrize(
    ("deed", "status", "code"),
    [
        ("confirm", "cancelled", "already_decided"),
        ("reject", "cancelled", "already_decided"),
        ("undo", "pending", "nothing_to_undo"),
    ],
)
def test_refusal_returns_the_true_row_with_the_reason(client, event, deed, status, code):
    reservation = make_reservation(event, status=status)
    response = press(client, deed, reservation)
    assert response.status_code == 409
    assert row(response, reservation).get("data-failed") == ""
    assert row(response, reservation).get("data-settled") is None
    assert only(response, f"//tr//*[{has_class('field__error')}]").get("data-code") == code
    assert toast(response) == []
    assert status_of(reservation) == status


def test_approval_at_a_full_event_is_refused_in_the_row(client):
    event = make_event(seats_limit=1)
    client.force_login(event.organizer)
    make_reservation(event, status="confirmed")
    reservation = make_reservation(event)
    response = press(client, "confirm", reservation)
    assert "All 1 spots are taken. Raise the capacity, or take back a confirmed spot." in words(
        row(response, reservation)
    )
    assert row(response, reservation).xpath(".//button[contains(@aria-label, 'Approve')]")
    assert not row(response, reservation).xpath(".//input[@checked]")


def test_rejection_with_a_too_long_message_is_refused(client, event):
    reservation = make_reservation(event)
    assert press(client, "reject", reservation, {"message": "x" * 1001}).status_code == 409
    assert (
        bulk(client, "reject_many", event, [reservation], {"message": "x" * 1001}).status_code
        == 409
    )
    assert status_of(reservation) == "pending"


@pytest.mark.parametrize(
    ("deed", "status", "said"),
    [
        ("confirm", "confirmed", "Ewa Lis is confirmed."),
        ("reject", "rejected", "Ewa Lis is rejected."),
    ],
)
def test_plain_form_returns_to_the_same_part_of_the_queue(client, event, deed, status, said):
    reservation = make_reservation(event, make_person("Ewa Lis"))
    response = client.post(
        reverse(f"tickets:{deed}", args=[reservation.pk]),
        {"state": "all", "q": "lis & co", "page": "2"},
        follow=True,
    )
    assert response.redirect_chain == [(f"{queue_url(event)}?state=all&q=lis+%26+co&page=2", 302)]
    assert (status_of(reservation), toast(response)) == (status, [said])


def test_plain_form_that_is_refused_shows_the_reason(client, event):
    reservation = make_reservation(event, status="cancelled")
    response = client.post(reverse("tickets:confirm", args=[reservation.pk]), follow=True)
    assert response.redirect_chain == [(queue_url(event), 302)]
    assert all_words(response, "//*[@id='toasts']/div[@data-kind='error']/p") == [
        "Already decided, or withdrawn."
    ]


def test_rejection_of_a_confirmed_guest_says_that_the_spot_is_gone(client, event):
    reservation = make_reservation(event, make_person("Ewa Lis"), status="confirmed")
    assert toast(press(client, "reject", reservation, {"seen": "confirmed"})) == [
        "Ewa Lis no longer has a spot."
    ]
