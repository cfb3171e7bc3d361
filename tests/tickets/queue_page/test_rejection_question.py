"""The question before a rejection, with its message, in a dialog and on a page."""

import pytest
from django.urls import reverse

from tests.support.factories import make_person, make_reservation
from tests.support.markup import has_class, only, tree, words
from tests.tickets.queue_page.page import HTMX, ROW, bulk, press, queue_url, row, status_of, toast
from tickets.models import Reservation
from tickets.queue import decisions

pytestmark = pytest.mark.django_db


def test_bulk_rejection_dialog_belongs_to_the_form_of_the_selection(client, event):
    make_reservation(event)
    response = client.get(queue_url(event))
    field, button = (
        only(response, "//textarea[@name='message']"),
        only(response, "//dialog[@id='reject-dialog']//button[last()]"),
    )
    assert field.get("form") == button.get("form") == only(response, "//form[@data-bulk]").get("id")
    opener = only(response, f"//div[{has_class('bulk')}]//button[normalize-space()='Reject']")
    url = reverse("tickets:reject_many", args=[event.pk])
    assert (opener.get("data-opens"), opener.get("formaction"), button.get("hx-post")) == (
        "reject-dialog",
        url,
        url,
    )


def question(client, reservation, **headers):
    return client.get(
        reverse("tickets:reject", args=[reservation.pk]),
        {"state": "all", "q": "lis"},
        headers=headers,
    )


@pytest.mark.parametrize("headers", [HTMX, {}], ids=["htmx", "plain"])
def test_rejection_asks_for_a_message(client, event, headers):
    reservation = make_reservation(event, make_person("Ewa Lis"))
    page = question(client, reservation, **headers)
    assert (
        words(only(page, "//form[@id='reject-form']//*[@id='reject-one-h']")) == "Reject Ewa Lis?"
    )
    assert ("<html" in page.text) == (not headers)
    assert status_of(reservation) == "pending"
    form = {
        field.get("name"): field.get("value")
        for field in tree(page).xpath("//form[@id='reject-form']//input[not(@disabled)]")
    }
    assert (form["state"], form["q"], form["seen"]) == ("all", "lis", "pending")
    data = {**form, "message": "Full of regulars."}
    answer = client.post(reverse("tickets:reject", args=[reservation.pk]), data, headers=headers)
    assert Reservation.objects.get().message == "Full of regulars."
    if not headers:
        assert answer.url == f"{queue_url(event)}?state=all&q=lis"


def test_rejection_question_says_that_a_confirmed_guest_was_told(client, event):
    reservation = make_reservation(event, make_person("Ewa Lis"), status="confirmed")
    page = question(client, reservation)
    assert words(only(page, "//h1")) == "Take back the spot of Ewa Lis?"
    assert "Their ticket stops working, and they get another e-mail." in words(
        only(page, "//form[@id='reject-form']")
    )


def test_rejection_by_the_dialog_keeps_the_row_with_its_undo(client, event):
    kept, reservation = make_reservation(event), make_reservation(event, make_person("Ewa Lis"))
    decisions.confirm(kept, by=event.organizer)
    answer = press(
        client,
        "reject",
        reservation,
        {"seen": "pending", "kept": kept.pk},
        **HTMX,
        **{"HX-Target": "queue"},
    )
    assert [one.get("id") for one in tree(answer).xpath(ROW)] == [
        f"reservation-{one.pk}" for one in (kept, reservation)
    ]
    assert row(answer, reservation).get("data-settled") == "bad"
    assert only(answer, "//*[@data-focus]").get("aria-label") == "Undo: Ewa Lis"
    assert toast(answer) == ["Ewa Lis is rejected."]


def test_rejection_by_the_dialog_after_another_decision_is_refused_in_the_row(client, event):
    reservation = make_reservation(event, make_person("Ewa Lis"))
    decisions.confirm(reservation, by=event.organizer)
    answer = press(
        client, "reject", reservation, {"seen": "pending"}, **HTMX, **{"HX-Target": "queue"}
    )
    assert answer.status_code == 409
    assert only(answer, "//*[@data-focus]").get("data-code") == "already_decided"
    assert status_of(reservation) == "confirmed"


def test_bulk_rejection_by_a_plain_form_asks_first_and_sends_the_message(client, event):
    some = [make_reservation(event) for _ in range(2)]
    page = bulk(client, "reject_many", event, some, {"q": "maja", "state": "all"}, headers={})
    assert words(only(page, "//h1")) == "Reject 2 reservations?"
    assert [status_of(one) for one in some] == ["pending"] * 2
    fields = [
        (field.get("name"), field.get("value"))
        for field in tree(page).xpath("//form[@id='reject-form']//input[not(@disabled)]")
    ]
    assert [int(value) for name, value in fields if name == "r"] == [one.pk for one in some]
    data = {**dict(fields), "message": "Next time."}
    answer = bulk(client, "reject_many", event, some, data, headers={})
    assert answer.url == f"{queue_url(event)}?state=all&q=maja"
    assert [one.message for one in event.reservations.all()] == ["Next time."] * 2


def test_bulk_rejection_question_leads_back_to_the_selection(client, event):
    some = [make_reservation(event) for _ in range(3)]
    page = bulk(client, "reject_many", event, some[1:], {"q": "", "state": "all"}, headers={})
    back = client.get(
        only(page, "//form[@id='reject-form']//a[normalize-space()='Go back']").get("href")
    )
    ticked = tree(back).xpath("//input[@name='r'][@checked]")
    assert [int(box.get("value")) for box in ticked] == [one.pk for one in some[1:]]
    assert only(back, "//input[@name='state'][@checked]").get("value") == "all"
    assert [status_of(one) for one in some] == ["pending"] * 3


def test_bulk_rejection_question_about_all_pages_leads_back_to_that_box(client, event, monkeypatch):
    monkeypatch.setattr("tickets.views.queue.table.PER_PAGE", 2)
    some = [make_reservation(event) for _ in range(3)]
    page = bulk(
        client, "reject_many", event, some[:1], {"all": "1", "state": "pending"}, headers={}
    )
    back = client.get(
        only(page, "//form[@id='reject-form']//a[normalize-space()='Go back']").get("href")
    )
    assert only(back, "//input[@name='all']").get("checked") is not None
