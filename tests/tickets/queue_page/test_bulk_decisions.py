"""Decisions about many guests: the selected ones, all pages, or the next in the queue."""

import json

import pytest
from django.urls import reverse

from events import services as event_services
from tests.support.factories import make_event, make_people, make_person, make_reservation
from tests.support.markup import all_words, has_class, only, tree, words
from tests.tickets.queue_page.page import (
    HTMX,
    ROW,
    bulk,
    counts,
    names,
    places,
    queue_url,
    row,
    status_of,
    toast,
)
from tickets.queue import bulk_decisions, registration

pytestmark = pytest.mark.django_db


# --- Many -----------------------------------------------------------------------------------------


def test_bulk_approval_names_guests_without_a_spot_and_keeps_them_selected(client):
    event = make_event(seats_limit=2)
    client.force_login(event.organizer)
    first, second, third, other = (
        registration.reserve(event.pk, person=person) for person in make_people(4)
    )
    response = bulk(client, "confirm_many", event, [third, second, first])
    assert [status_of(r) for r in (first, second, third, other)] == [
        "confirmed",
        "confirmed",
        "pending",
        "pending",
    ]
    assert toast(response) == ["2 confirmed. No spot for the other 1."]
    assert [
        box.get("value") for box in tree(response).xpath("//input[@name='r' and @checked]")
    ] == [str(third.pk)]
    assert row(response, third).get("data-failed") == ""
    assert "No spot left." in words(row(response, third))
    assert row(response, other).get("data-failed") is None
    assert words(only(response, "//output[@data-bulk-count]")) == "1 selected"
    assert (counts(response)["count-pending"], counts(response)["count-confirmed"]) == ("2", "2")
    assert only(response, "//*[@data-focus]").tag == "table"


def test_bulk_approval_puts_the_focus_on_the_table(client, event):
    first, second, third = (
        registration.reserve(event.pk, person=person) for person in make_people(3)
    )
    response = bulk(client, "confirm_many", event, [first, second])
    assert toast(response) == ["2 confirmed."]
    assert places(response) == ["1"]
    assert only(response, "//*[@data-focus]").tag == "table"
    assert status_of(third) == "pending"


def test_bulk_rejection_sends_one_message_to_all(client, event):
    first, second, third = (
        registration.reserve(event.pk, person=person) for person in make_people(3)
    )
    response = bulk(client, "reject_many", event, [first, third], {"message": "Next time."})
    assert toast(response) == ["2 rejected."]
    assert [(r.status, r.message) for r in event.reservations.all()] == [
        ("rejected", "Next time."),
        ("pending", ""),
        ("rejected", "Next time."),
    ]
    assert status_of(second) == "pending"


def test_bulk_decision_keeps_the_filter_on_screen(client, event):
    waiting = make_reservation(event, make_person("Ewa Lis"))
    make_reservation(event, make_person("Jan Wilk"))
    response = bulk(client, "confirm_many", event, [waiting], {"state": "all", "q": "lis"})
    assert names(response) == ["Ewa Lis"]
    assert only(response, "//form[@id='queue-form']/input[@name='q']").get("value") == "lis"


def test_bulk_approval_by_a_plain_form_shows_a_message(client):
    event = make_event(seats_limit=1)
    client.force_login(event.organizer)
    reservations = [registration.reserve(event.pk, person=person) for person in make_people(2)]
    answer = bulk(client, "confirm_many", event, reservations, {"q": "guest"}, headers={})
    assert answer.url == f"{queue_url(event)}?q=guest"
    assert toast(client.get(answer.url)) == ["1 confirmed. No spot for the other 1."]


def test_bulk_decision_leaves_reservations_of_another_event(client, event):
    elsewhere = make_reservation()
    response = bulk(client, "confirm_many", event, [elsewhere])
    assert toast(response) == ["0 confirmed. 1 not saved: Already decided, or withdrawn."]
    assert status_of(elsewhere) == "pending"
    assert bulk(client, "reject_many", event, [elsewhere]).status_code == 200
    assert status_of(elsewhere) == "pending"


def test_bulk_decision_ignores_malformed_ids(client, event):
    reservation = make_reservation(event)
    data = {"r": ["x", "-1", "1.5", "9" * 40, "٣", "", str(reservation.pk)]}
    response = client.post(reverse("tickets:confirm_many", args=[event.pk]), data, headers=HTMX)
    assert response.status_code == 200
    assert status_of(reservation) == "confirmed"


@pytest.mark.parametrize("headers", [HTMX, {}])
def test_bulk_decision_at_a_cancelled_event_is_refused(client, event, headers):
    reservation = make_reservation(event)
    event_services.cancel(event, by=event.organizer)
    response = bulk(client, "confirm_many", event, [reservation], headers=headers)
    if not headers:
        response = client.get(response.url)
    else:
        assert response.status_code == 409
    assert toast(response) == ["This event is not open for reservations."]
    assert status_of(reservation) == "rejected"


# --- The head of the queue ------------------------------------------------------------------------


def next_ones(client, event, number, headers=HTMX):
    return client.post(
        reverse("tickets:confirm_next", args=[event.pk]), {"number": number}, headers=headers
    )


def test_approve_next_offers_as_many_as_there_are_spots(client, event):
    field = "//input[@id='approve-number']"
    assert not tree(client.get(queue_url(event))).xpath(field), "nobody waits"
    for person in make_people(30):
        registration.reserve(event.pk, person=person)
    page = client.get(queue_url(event))
    assert (only(page, field).get("value"), only(page, field).get("max")) == ("24", "24")
    assert words(only(page, "//div[@id='approve-next']//output")) == "0 spots would be left"
    bulk_decisions.confirm_next(event, 24, by=event.organizer)
    assert not tree(client.get(queue_url(event))).xpath(field), "no spot is left"


def test_approve_next_confirms_and_says_so(client, event):
    waiting = [registration.reserve(event.pk, person=person) for person in make_people(4)]
    answer = next_ones(client, event, 3)
    assert toast(answer) == ["3 confirmed."]
    assert [status_of(one) for one in waiting] == ["confirmed"] * 3 + ["pending"]
    assert only(answer, "//*[@data-focus]").tag == "table"
    [undo] = tree(answer).xpath("//*[@id='toasts']//button")
    assert json.loads(undo.get("hx-vals")) == {"r": [one.pk for one in waiting[:3]]}
    assert (
        only(answer, "//div[@id='approve-next']//input[@id='approve-number']").get("value") == "1"
    )


def test_approve_next_by_a_plain_form_counts_guests_without_a_spot(client):
    event = make_event(seats_limit=2)
    client.force_login(event.organizer)
    for person in make_people(5):
        registration.reserve(event.pk, person=person)
    answer = client.get(next_ones(client, event, 4, headers={}).url)
    assert toast(answer) == ["2 confirmed. No spots for the other 2."]


@pytest.mark.parametrize("number", ["", "0", "-1", "x", "9" * 30])
def test_approve_next_of_a_malformed_number_confirms_nobody(client, event, number):
    reservation = make_reservation(event)
    assert next_ones(client, event, number).status_code == 409
    assert status_of(reservation) == "pending"


# --- The confirmed, many at once ------------------------------------------------------------------


def test_confirmed_guests_can_be_selected_and_rejected(client, event):
    some = [make_reservation(event, status="confirmed") for _ in range(2)]
    waiting = make_reservation(event)
    page = client.get(queue_url(event), {"state": "confirmed"})
    assert [box.get("disabled") for box in tree(page).xpath(f"{ROW}//input[@name='r']")] == [
        None,
        None,
    ]
    assert all_words(page, f"//div[{has_class('bulk')}]//button") == ["Take back the spots"]
    answer = bulk(
        client,
        "reject_many",
        event,
        [*some, waiting],
        {"state": "confirmed", "message": "Smaller room."},
    )
    assert toast(answer) == ["2 spots taken back. 1 not saved: Already decided, or withdrawn."]
    assert [one.message for one in event.reservations.order_by("pk")] == [
        "Smaller room.",
        "Smaller room.",
        "",
    ]


def test_box_for_all_pages_selects_every_confirmed_match(client, event, monkeypatch):
    monkeypatch.setattr("tickets.views.queue.table.PER_PAGE", 2)
    guests = [
        make_reservation(event, make_person(f"Jan Lis {number}"), status="confirmed")
        for number in range(3)
    ]
    waiting = make_reservation(event, make_person("Jan Kos"))
    assert (
        only(client.get(queue_url(event), {"state": "confirmed"}), "//input[@name='all']").get(
            "data-all-pages"
        )
        == "3"
    )
    bulk(client, "reject_many", event, guests[:1], {"all": "1", "state": "confirmed"})
    assert [status_of(one) for one in (*guests, waiting)] == ["rejected"] * 3 + ["pending"]


def test_box_for_all_pages_selects_every_pending_match(client, event, monkeypatch):
    monkeypatch.setattr("tickets.views.queue.table.PER_PAGE", 2)
    guests = [make_reservation(event, make_person(f"Jan Lis {number}")) for number in range(2)]
    guests += [make_reservation(event, make_person(f"Ewa Kos {number}")) for number in range(3)]
    box = only(client.get(queue_url(event)), "//input[@name='all']")
    assert box.get("data-all-pages") == "5"
    bulk(client, "reject_many", event, guests[:1], {"all": "1", "q": "Ewa"})
    assert [status_of(one) for one in guests] == ["pending"] * 2 + ["rejected"] * 3
    answer = bulk(client, "confirm_many", event, guests[:1], {"all": "1"})
    assert toast(answer) == ["2 confirmed."]
    assert [status_of(one) for one in guests[:2]] == ["confirmed"] * 2
