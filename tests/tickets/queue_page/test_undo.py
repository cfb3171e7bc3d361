"""Undo of decisions: possible until their mails have left."""

import json
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.support.check_in import check_in
from tests.support.factories import make_person, make_reservation
from tests.support.markup import only, tree, words
from tests.tickets.queue_page.page import (
    HTMX,
    bulk,
    buttons,
    places,
    queue_url,
    row,
    status_of,
    toast,
)
from tickets.models import Reservation

pytestmark = pytest.mark.django_db


def after_the_grace(reservation):
    """The mail about the decision has left."""
    long_ago = timezone.now() - timedelta(hours=1)
    Reservation.objects.filter(pk=reservation.pk).update(decided_at=long_ago)
    reservation.tickets.update(issued_at=long_ago)


@pytest.mark.parametrize("deed", ["confirm", "reject"])
def test_plain_form_is_undone_from_its_toast(client, event, deed):
    reservation = make_reservation(event, make_person("Ewa Lis"))
    response = client.post(reverse(f"tickets:{deed}", args=[reservation.pk]), follow=True)
    form = only(response, "//*[@id='toasts']//form[.//button[normalize-space()='Undo']]")
    undone = client.post(form.get("action"), follow=True)
    assert (status_of(reservation), toast(undone)) == (
        "pending",
        ["Ewa Lis is waiting again, at the old place."],
    )
    assert not tree(undone).xpath("//*[@id='toasts']//form")


def test_bulk_decision_is_undone_at_once(client, event):
    some = [make_reservation(event) for _ in range(3)]
    answer = bulk(client, "confirm_many", event, some)
    [undo] = tree(answer).xpath("//*[@id='toasts']//button")
    assert json.loads(undo.get("hx-vals")) == {"r": [one.pk for one in some]}
    answer = bulk(client, "undo_many", event, some)
    assert "3 are waiting again, at their old places." in words(only(answer, "//*[@id='toasts']"))
    assert places(answer) == ["1", "2", "3"]
    event.refresh_from_db()
    assert (event.confirmed_count, event.pending_count) == (0, 3)


def test_bulk_undo_names_what_cannot_be_undone(client, event):
    inside, other = (make_reservation(event, status="confirmed") for _ in range(2))
    check_in(inside, by=event.organizer)
    answer = bulk(client, "undo_many", event, [inside, other], {"state": "all"})
    assert (
        "1 is waiting again, at the old place. "
        "1 not saved: This ticket has already been used at the door."
        in words(only(answer, "//*[@id='toasts']"))
    )
    assert (
        words(only(answer, f"//tr[@id='reservation-{inside.pk}']//*[@role='alert']"))
        == "This ticket has already been used at the door."
    )
    assert [one.status for one in event.reservations.order_by("pk")] == ["confirmed", "pending"]


def test_queue_has_no_undo_after_the_mail_left(client, event):
    confirmed = make_reservation(event, make_person("Jan Lis"), status="confirmed")
    rejected = make_reservation(event, make_person("Ola Lis"), status="rejected")
    for reservation in (confirmed, rejected):
        after_the_grace(reservation)
    page = client.get(queue_url(event), {"state": "all"})
    assert buttons(row(page, confirmed)) == {"Take back the spot: Jan Lis": "Take back the spot"}
    assert buttons(row(page, rejected)) == {"Back to the queue: Ola Lis": "Back to the queue"}
    assert "They were told, and will be told again." in words(row(page, rejected))


TOO_LATE = "The mail about it has left already. The list says what can still be done."


def toast_button(answer):
    """The form of the Undo in the toast of a page without a script."""
    return only(answer, "//*[@id='toasts']//form[.//button[normalize-space()='Undo']]").get(
        "action"
    )


@pytest.mark.parametrize("deed", ["confirm_many", "reject_many"])
def test_bulk_undo_in_the_toast_works_until_the_mails_leave(client, event, deed):
    some = [make_reservation(event) for _ in range(3)]
    answer = bulk(client, deed, event, some, {"asked": "1"}, headers={})
    action = toast_button(client.get(answer.url))
    after_the_grace(some[0])
    after_the_grace(some[1])
    answer = client.post(action, follow=True)
    assert toast(answer) == [f"1 is waiting again, at the old place. 2 not saved: {TOO_LATE}"]
    decided = "confirmed" if deed == "confirm_many" else "rejected"
    assert [status_of(one) for one in some] == [decided, decided, "pending"]


def test_bulk_undo_by_htmx_works_until_the_mails_leave(client, event):
    some = [make_reservation(event) for _ in range(2)]
    bulk(client, "confirm_many", event, some)
    after_the_grace(some[0])
    answer = bulk(client, "undo_many", event, some, {"state": "all"})
    assert (
        words(only(answer, f"//tr[@id='reservation-{some[0].pk}']//*[@role='alert']")) == TOO_LATE
    )
    assert [status_of(one) for one in some] == ["confirmed", "pending"]


@pytest.mark.parametrize("deed", ["confirm", "reject"])
def test_undo_in_the_toast_works_until_the_mail_leaves(client, event, deed):
    reservation = make_reservation(event)
    answer = client.post(reverse(f"tickets:{deed}", args=[reservation.pk]), follow=True)
    after_the_grace(reservation)
    assert toast(client.post(toast_button(answer), follow=True)) == [TOO_LATE]
    assert status_of(reservation) == f"{deed}ed"


@pytest.mark.parametrize("headers", [HTMX, {}], ids=["htmx", "plain"])
def test_undo_in_an_open_page_is_refused_after_the_mail_left(client, event, headers):
    reservation = make_reservation(event, make_person("Jan Lis"), status="confirmed")
    button = only(
        client.get(queue_url(event), {"state": "all"}), "//button[@aria-label='Undo: Jan Lis']"
    )
    after_the_grace(reservation)
    answer = client.post(
        button.get("hx-post" if headers else "formaction"), headers=headers, follow=True
    )
    assert TOO_LATE in answer.text
    assert status_of(reservation) == "confirmed"


@pytest.mark.parametrize("headers", [HTMX, {}], ids=["htmx", "plain"])
def test_back_to_the_queue_works_after_the_mail_left(client, event, headers):
    reservation = make_reservation(event, make_person("Ola Lis"), status="rejected")
    after_the_grace(reservation)
    page = client.get(queue_url(event), {"state": "all"})
    button = only(page, "//button[@aria-label='Back to the queue: Ola Lis']")
    client.post(button.get("hx-post" if headers else "formaction"), headers=headers)
    assert status_of(reservation) == "pending"


@pytest.mark.parametrize("headers", [HTMX, {}], ids=["htmx", "plain"])
def test_toast_has_no_undo_without_a_mail_delay(client, event, settings, headers):
    settings.MAIL_DECISION_DELAY_SECONDS = 0
    some = [make_reservation(event) for _ in range(2)]
    answer = client.post(
        reverse("tickets:confirm_many", args=[event.pk]),
        {"r": [one.pk for one in some]},
        headers=headers,
        follow=True,
    )
    assert toast(answer) == ["2 confirmed."]
    assert not tree(answer).xpath("//*[@id='toasts']//button")
