"""The list of the queue page: who is shown, in which order, and with which buttons."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from events import services as event_services
from tests.support.factories import make_event, make_people, make_person, make_reservation
from tests.support.markup import all_words, has_class, only, tree, words
from tests.support.page_checks import inline_code_in
from tests.tickets.queue_page.page import (
    HTMX,
    ROW,
    buttons,
    names,
    places,
    press,
    queue_url,
    row,
    row_state,
)
from tickets.queue import decisions, registration

pytestmark = pytest.mark.django_db


def test_queue_shows_pending_guests_in_order_with_their_places(client, event):
    for name in ("Ewa Szczepańska", "Jonas Weber", "Amir Haddad"):
        make_reservation(event, make_person(name))
    decisions.confirm(event.reservations.all()[0], by=event.organizer)
    make_reservation(make_event(), make_person("Somebody Elsewhere"))
    response = client.get(queue_url(event))
    assert (names(response), places(response)) == (["Jonas Weber", "Amir Haddad"], ["1", "2"])
    assert only(response, "//input[@name='state' and @checked]").get("value") == "pending"


def test_queue_counts_every_state(client, event):
    for status, number in (("pending", 4), ("confirmed", 3), ("rejected", 2), ("cancelled", 1)):
        for _ in range(number):
            make_reservation(event, status=status)
    response = client.get(queue_url(event), {"state": "all"})
    chips = all_words(response, f"//form[@id='queue-filters']//label[{has_class('chip')}]")
    assert chips == ["Pending 4", "Confirmed 3", "Rejected 2", "Cancelled 1", "All 10"]
    assert len(names(response)) == 10
    assert "21 spots left of 24 3 confirmed, 4 pending" in words(
        only(response, "//*[@id='queue-capacity']")
    )


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        ("confirmed", ["Confirmed"]),
        ("rejected", ["Rejected"]),
        ("cancelled", ["Cancelled"]),
        ("<b>", ["Pending"]),
    ],
)
def test_queue_is_filtered_by_state(client, event, state, shown):
    for status in ("pending", "confirmed", "rejected", "cancelled"):
        make_reservation(event, status=status)
    assert (
        all_words(
            client.get(queue_url(event), {"state": state}), f"{ROW}//span[{has_class('status')}]"
        )
        == shown
    )


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("łucja", ["Łucja Żak"]),
        ("ŻAK ŁU", ["Łucja Żak"]),
        ("maja@", ["Maja Wiśniewska"]),
        ("example.org", ["Łucja Żak", "Maja Wiśniewska"]),
        ("zz", []),
    ],
)
def test_queue_is_searched_by_name_and_address_and_keeps_the_places(client, event, asked, found):
    make_reservation(event, make_person("Łucja Żak", email="lz@example.org"))
    make_reservation(event, make_person("Maja Wiśniewska", email="maja@example.org"))
    response = client.get(queue_url(event), {"q": asked}, headers=HTMX)
    assert names(response) == found
    assert "<html" not in response.text
    if found == ["Maja Wiśniewska"]:
        assert places(response) == ["2"]


def test_empty_queue_says_so(client, event):
    heading = f"//div[{has_class('empty')}]/h2"
    assert all_words(client.get(queue_url(event)), heading) == ["Nobody is waiting"]
    assert all_words(client.get(queue_url(event), {"state": "rejected"}), heading) == [
        "Nobody here"
    ]
    assert all_words(client.get(queue_url(event), {"q": "<x>"}), heading) == [
        "Nobody matches “<x>”"
    ]


def test_queue_has_pages_of_fifty_with_continued_places(client, event):
    for person in make_people(53):
        registration.reserve(event.pk, person=person)
    assert places(client.get(queue_url(event))) == [str(place) for place in range(1, 51)]
    second = client.get(queue_url(event), {"page": "2"})
    assert places(second) == ["51", "52", "53"]
    assert only(second, "//form[@id='queue-form']/input[@name='page']").get("value") == "2"


def test_queue_has_the_buttons_of_each_status(client, event):
    waiting = make_reservation(event, make_person("Ewa Lis"))
    confirmed = make_reservation(event, make_person("Jan Lis"), status="confirmed")
    rejected = make_reservation(event, make_person("Ola Lis"), status="rejected")
    gone = make_reservation(event, make_person("Iga Lis"), status="cancelled")
    inside = make_reservation(event, make_person("Luc Lis"), status="confirmed")
    inside.tickets.update(checked_in_at=timezone.now())
    response = client.get(queue_url(event), {"state": "all"})
    assert buttons(row(response, waiting)) == {
        "Approve Ewa Lis": "Approve",
        "Reject Ewa Lis": "Reject",
    }
    assert buttons(row(response, confirmed)) == {"Undo: Jan Lis": "Undo"}
    assert buttons(row(response, rejected)) == {"Undo: Ola Lis": "Undo"}
    assert buttons(row(response, gone)) == buttons(row(response, inside)) == {}
    assert row_state(response, inside) == "Inside"
    assert [
        box.get("disabled") is None for box in tree(response).xpath(f"{ROW}//input[@name='r']")
    ] == [True, False, False, False, False]


def test_queue_of_an_automatic_event_has_no_undo_without_a_decision(client, event):
    event_services.edit(event, by=event.organizer, admission="automatic")
    confirmed = make_reservation(event, make_person("Jan Lis"))
    response = client.get(queue_url(event), {"state": "confirmed"})
    assert buttons(row(response, confirmed)) == {
        "Take back the spot: Jan Lis": "Take back the spot"
    }


def test_queue_of_a_cancelled_event_has_no_buttons(client, event):
    make_reservation(event)
    event_services.cancel(event, by=event.organizer)
    response = client.get(queue_url(event), {"state": "all"})
    assert not tree(response).xpath(f"{ROW}//button")
    assert not tree(response).xpath(f"//div[{has_class('bulk')}]")


@pytest.fixture
def called_off(event):
    """A cancelled event: one guest was confirmed, two pending, one rejected, one had cancelled."""
    for status in ("confirmed", "pending", "pending", "rejected", "cancelled"):
        make_reservation(event, make_person(f"Guest {status.title()}"), status=status)
    event_services.cancel(event, by=event.organizer)
    return event


def test_queue_of_a_cancelled_event_shows_who_had_a_spot(client, called_off):
    response = client.get(queue_url(called_off))
    assert all_words(response, "//label[contains(@class, 'chip')]") == [
        "Had a spot 1",
        "Was waiting 2",
        "Rejected 1",
        "Cancelled 1",
        "All 5",
    ]
    assert all_words(response, f"{ROW}/td[{has_class('table__state')}]") == ["Had a spot"]
    assert "New reservations appear here" not in response.text
    assert only(response, "//p[@data-kind='wait']//a").get("href") == reverse(
        "tickets:messages", args=[called_off.pk]
    )


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        ("pending", ["Was waiting", "Was waiting"]),
        ("rejected", ["Rejected"]),
        ("all", ["Had a spot", "Was waiting", "Was waiting", "Rejected", "Cancelled"]),
    ],
)
def test_queue_of_a_cancelled_event_is_filtered_by_the_status_before(
    client, called_off, state, shown
):
    response = client.get(queue_url(called_off), {"state": state})
    assert all_words(response, f"{ROW}/td[{has_class('table__state')}]") == shown


def test_empty_queue_of_a_cancelled_event_promises_nothing(client, event):
    event_services.cancel(event, by=event.organizer)
    for state in ("", "pending"):
        response = client.get(queue_url(event), {"state": state})
        assert "Nobody here" in words(only(response, f"//div[{has_class('empty')}]"))
        assert "Nobody is waiting" not in response.text


def test_live_page_of_a_cancelled_event_says_who_had_a_spot(client, called_off):
    response = client.get(reverse("events:live", args=[called_off.pk]))
    assert all_words(response, f"//dl[{has_class('figures')}]/div") == [
        "Had a spot 1 See who",
        "Were waiting 2 See who",
    ]


def test_live_page_of_a_cancelled_event_says_what_happened_and_shows_no_empty_cards(
    client, called_off
):
    response = client.get(reverse("events:live", args=[called_off.pk]))
    when = date_format(timezone.localtime(called_off.cancelled_at), "j E Y, H:i")
    said = words(only(response, "//p[@data-kind='bad']"))
    assert said.startswith(
        f"This event was cancelled on {when}. "
        "Its tickets no longer work, and who had a place gets an e-mail."
    )
    assert all_words(response, "//main//h2") == ["Right now"]


def test_enter_in_a_checkbox_presses_no_button(client, event):
    make_reservation(event)
    (first, *_rest) = tree(client.get(queue_url(event))).xpath("//form[@id='queue-form']//button")
    assert {"disabled", "hidden"} <= set(first.keys())


def test_queue_shows_hostile_names_as_they_are(client, event):
    make_reservation(event, make_person("<script>alert(1)</script> \u202eX"))
    make_reservation(event, make_person('=cmd|"x"!A0 {{7|add:7}}'))
    response = client.get(queue_url(event))
    assert names(response) == ["<script>alert(1)</script> X", '=cmd|"x"!A0 {{7|add:7}}']
    assert inline_code_in(response) == []
    answer = press(client, "confirm", event.reservations.first())
    assert "<script>" not in answer.text


def test_queue_times_are_in_the_zone_of_the_site(client, event):
    reservation = make_reservation(event)
    event.reservations.update(created=datetime(2026, 7, 1, 22, 30, tzinfo=UTC) - timedelta(days=1))
    assert (
        words(row(client.get(queue_url(event)), reservation).xpath(".//time")[0]) == "1 Jul, 00:30"
    )


@pytest.mark.parametrize(
    ("state", "ticks", "places"),
    [
        ("pending", True, True),
        ("confirmed", True, False),
        ("rejected", False, False),
        ("cancelled", False, False),
        ("all", True, True),
    ],
)
def test_queue_leaves_out_empty_columns(client, event, state, ticks, places):
    for status in ("pending", "confirmed", "rejected", "cancelled"):
        make_reservation(event, status=status)
    page = client.get(queue_url(event), {"state": state})
    heads = all_words(page, "//thead//th")
    assert ("Select all" in heads, "Place" in heads) == (ticks, places)
    assert all(len(line) == len(heads) for line in tree(page).xpath(ROW))


def test_single_row_has_the_columns_of_its_table(client, event):
    reservation = make_reservation(event, status="confirmed")
    heads = tree(client.get(queue_url(event), {"state": "confirmed"})).xpath("//thead//th")
    assert len(row(press(client, "undo", reservation, {"state": "confirmed"}), reservation)) == len(
        heads
    )


def test_queue_of_a_cancelled_event_has_no_checkboxes_and_no_places(client, called_off):
    page = client.get(queue_url(called_off), {"state": "all"})
    assert all_words(page, "//thead//th") == ["Guest", "Reserved", "State", "Actions"]
    assert not tree(page).xpath("//input[@name='r'] | //*[@id='approve-number']")


def test_queue_breaks_an_address_before_its_at_and_dots_only(client):
    event = make_event()
    make_reservation(event, make_person(email="maja.wisniewska@a-long-department.example.org"))
    client.force_login(event.organizer)
    address = only(client.get(queue_url(event)), "//tr//small[@dir='auto']")
    assert [*address.itertext()] == [
        "maja",
        ".wisniewska",
        "@a-long-department",
        ".example",
        ".org",
    ]
