"""The ticket in its owner's hands; to everybody else there is none."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from events import services as event_services
from events.models import Event
from tests.support.check_in import check_in
from tests.support.factories import (
    make_admin,
    make_event,
    make_organizer,
    make_person,
    make_reservation,
)
from tests.support.markup import all_words, only, words
from tests.support.page_checks import inline_code_in
from tests.support.pdf_tools import codes_of, text_of
from tickets.models import Ticket
from tickets.queue import decisions, registration
from tickets.ticket import signature

pytestmark = pytest.mark.django_db
NAMES = ["tickets:ticket", "tickets:ticket_pdf", "tickets:ticket_qr"]


@pytest.fixture
def reservation():
    start = datetime(2099, 12, 11, 17, tzinfo=UTC)
    event = make_event(
        title="<b>Night</b> Print", organizer=make_organizer("Łucja Śliwińska"), start_time=start
    )
    return make_reservation(event, make_person("Maja Wiśniewska"), status="confirmed")


@pytest.fixture
def owner(reservation, client):
    client.force_login(reservation.person)
    return reservation.person


def answers(client, reservation):
    return [client.get(reverse(name, args=[reservation.pk])) for name in NAMES]


# --- Who ------------------------------------------------------------------------------------------


def test_ticket_has_a_page_a_pdf_and_a_qr_code_for_its_owner(client, reservation, owner):
    page, paper, picture = answers(client, reservation)
    assert [answer.status_code for answer in (page, paper, picture)] == [200] * 3
    assert [answer["Content-Type"] for answer in (page, paper, picture)] == [
        "text/html; charset=utf-8",
        "application/pdf",
        "image/svg+xml",
    ]
    for answer in (page, paper, picture):
        assert {"private", "no-store"} <= {
            part.strip() for part in answer["Cache-Control"].split(",")
        }


@pytest.mark.parametrize(
    "who", ["another guest", "organizer", "other organizer", "helper", "admin"]
)
def test_ticket_is_not_found_by_others(client, reservation, who):
    """Not even those who run the event: a ticket that one can copy is not the guest's alone."""
    event = reservation.event
    helper = make_person("Kuba Drzwi")
    event_services.add_door_staff(event, email=helper.email, by=event.organizer)
    make_reservation(event, other := make_person("Jan Inny"), status="confirmed")
    people = {
        "another guest": other,
        "organizer": event.organizer,
        "other organizer": make_organizer(),
        "helper": helper,
        "admin": make_admin(),
    }
    client.force_login(people[who])
    found = answers(client, reservation)
    assert [answer.status_code for answer in found] == [404] * 3
    assert not any(reservation.tickets.get().code in answer.text for answer in found)


def test_ticket_page_sends_visitors_to_the_log_in(client, reservation):
    for answer, name in zip(answers(client, reservation), NAMES, strict=True):
        assert (
            answer.status_code == 302
            and answer.url == f"/accounts/login/?next={reverse(name, args=[reservation.pk])}"
        )


@pytest.mark.parametrize("number", [0, 2**31, 2**63, 10**30])
def test_ticket_of_an_unknown_number_is_not_found(client, owner, number):
    assert [client.get(reverse(name, args=[number])).status_code for name in NAMES] == [404] * 3


@pytest.mark.parametrize("change", ["pending", "rejected", "cancelled", "called off"])
def test_ticket_page_without_a_seat_is_not_found(client, change):
    reservation = make_reservation(status="confirmed" if change == "called off" else change)
    if change == "called off":
        event_services.cancel(reservation.event, by=reservation.event.organizer)
    client.force_login(reservation.person)
    assert [answer.status_code for answer in answers(client, reservation)] == [404] * 3


def test_ticket_page_is_gone_with_the_seat(client, reservation, owner):
    registration.cancel(reservation, by=owner)
    assert [answer.status_code for answer in answers(client, reservation)] == [404] * 3


# --- What -----------------------------------------------------------------------------------------


def test_ticket_page_shows_everything_for_the_check_in(client, reservation, owner):
    page, ticket = (
        client.get(reverse("tickets:ticket", args=[reservation.pk])),
        reservation.tickets.get(),
    )
    shown = only(page, "//article")
    assert only(page, "//article//*[@id='ticket-state']").get("data-state") == "valid"
    for said in (
        "Łucja Śliwińska presents",
        "<b>Night</b> Print",
        "Ruska 46c, Wrocław",
        "Maja Wiśniewska",
        ticket.code,
        "Valid for one entry",
    ):
        assert said in words(shown)
    assert only(page, "//article//img").get("src") == reverse(
        "tickets:ticket_qr", args=[reservation.pk]
    )
    assert inline_code_in(page) == []
    assert ticket.serial not in page.text


def test_ticket_page_links_to_pdf_calendar_and_cancellation(client, reservation, owner):
    page = client.get(reverse("tickets:ticket", args=[reservation.pk]))
    links = {
        link.text_content().strip(): link.get("href") for link in only(page, "//main").xpath(".//a")
    }
    assert links["Download PDF"] == reverse("tickets:ticket_pdf", args=[reservation.pk])
    assert links["Add to calendar"] == reverse("events:calendar", args=[reservation.event_id])
    assert links["Event page"] == reverse("events:detail", args=[reservation.event_id])
    assert links["Cancel reservation"] == reverse("tickets:cancel", args=[reservation.pk])
    for address in links.values():
        assert client.get(address).status_code == 200, address
    client.post(only(page, "//dialog//form").get("action"))
    reservation.refresh_from_db()
    assert reservation.status == "cancelled"


def test_ticket_page_of_a_used_ticket_says_so_without_a_cancellation(client, reservation, owner):
    check_in(reservation, by=reservation.event.organizer)
    page = client.get(reverse("tickets:ticket", args=[reservation.pk]))
    shown = only(page, "//article")
    assert only(page, "//article//*[@id='ticket-state']").get("data-state") == "used"
    assert "Used at" in words(shown) and "Valid for one entry" not in words(shown)
    assert all_words(page, "//dialog//form") == [] and "Cancel reservation" not in page.text


def test_live_ticket_page_loads_the_state_alone_and_shows_the_check_in(client, reservation, owner):
    address, htmx = reverse("tickets:ticket", args=[reservation.pk]), {"HX-Request": "true"}
    assert (
        words(only(client.get(address, headers=htmx), "//*[@id='ticket-state']"))
        == "Valid for one entry"
    )
    check_in(reservation, by=reservation.event.organizer)
    answer = client.get(address, headers=htmx)
    assert (
        "Used at" in answer.text
        and "<article" not in answer.text
        and "HX-Request" in answer["Vary"]
    )


def test_live_ticket_page_of_a_void_ticket_leads_to_my_reservations(client, reservation, owner):
    decisions.reject(reservation, by=reservation.event.organizer)
    answer = client.get(
        reverse("tickets:ticket", args=[reservation.pk]), headers={"HX-Request": "true"}
    )
    assert answer["HX-Redirect"] == reverse("tickets:mine")


@pytest.mark.parametrize(
    ("starts_in", "asks"), [(timedelta(hours=-1), "every 5s"), (timedelta(days=3), "every 60s")]
)
def test_live_ticket_page_asks_more_often_on_the_day(client, starts_in, asks):
    event = make_event(start_time=timezone.now() + timedelta(days=9))
    reservation = make_reservation(event, status="confirmed")
    start = timezone.now() + starts_in
    Event.objects.filter(pk=event.pk).update(start_time=start, end_time=start + timedelta(hours=4))
    client.force_login(reservation.person)
    page = client.get(reverse("tickets:ticket", args=[reservation.pk]))
    assert only(page, "//*[@id='ticket-state']").get("hx-trigger").startswith(asks)


@pytest.mark.process("other programs read the paper")
def test_ticket_pdf_is_named_by_the_code(client, reservation, owner, tmp_path):
    answer, ticket = (
        client.get(reverse("tickets:ticket_pdf", args=[reservation.pk])),
        reservation.tickets.get(),
    )
    assert answer["Content-Disposition"] == f'attachment; filename="ticket-{ticket.code}.pdf"'
    assert codes_of(answer.content, tmp_path) == [signature.qr_text(ticket)]


@pytest.mark.process("other programs read the paper")
def test_ticket_pdf_is_in_the_language_of_the_page(client, reservation, owner):
    address = reverse("tickets:ticket_pdf", args=[reservation.pk])
    assert "Friday, 11 December 2099" in text_of(client.get(address).content)
    client.post(reverse("accounts:set_language"), {"language": "pl"})
    assert "Piątek, 11 grudnia 2099" in text_of(client.get(address).content)


def test_qr_image_is_black_on_white_with_a_quiet_zone(client, reservation, owner):
    picture = client.get(reverse("tickets:ticket_qr", args=[reservation.pk])).text
    # 41 modules of version 6 or 45 of version 7, as the id needs, and four white ones on each side.
    assert re.search(r'viewBox="0 0 (49 49|53 53)"', picture)
    assert 'fill="white"' in picture and 'fill="#000"' in picture
    assert "<script" not in picture and "style=" not in picture


def test_ticket_page_needs_few_queries(client, reservation, owner, django_assert_max_num_queries):
    address = reverse("tickets:ticket", args=[reservation.pk])
    client.get(address)
    with django_assert_max_num_queries(5):
        client.get(address)


def test_ticket_page_shows_the_second_ticket_after_an_undo(client, reservation, owner):
    first = client.get(reverse("tickets:ticket_qr", args=[reservation.pk])).text
    decisions.undo(reservation, by=reservation.event.organizer)
    decisions.confirm(reservation, by=reservation.event.organizer)
    assert client.get(reverse("tickets:ticket_qr", args=[reservation.pk])).text != first
    assert (
        Ticket.objects.valid().get(reservation=reservation).code
        in client.get(reverse("tickets:ticket", args=[reservation.pk])).text
    )
