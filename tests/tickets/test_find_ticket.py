"""The ticket that a code belongs to, and the reason where it is none."""

import pytest

from events import services as event_services
from tests.support.factories import make_event, make_reservation
from tests.tickets.check_in_rules import refused, ticket_of
from tests.tickets.door_pages import helper_at
from tickets.checkin import lookup
from tickets.models import Ticket
from tickets.queue import decisions, registration
from tickets.ticket import signature

pytestmark = pytest.mark.django_db


@pytest.fixture
def reservation():
    return make_reservation(status="confirmed")


@pytest.fixture
def event(reservation):
    return reservation.event


@pytest.fixture
def staff(event):
    return helper_at(event)


def test_find_reads_the_qr_codes_text(event, reservation, staff):
    ticket = ticket_of(reservation)
    text = signature.sign(ticket)
    for shown in (text, f" {text}\r\n", text.lower()):
        assert lookup.find(event, shown, by=staff) == ticket


@pytest.mark.both
def test_find_accepts_a_short_code_in_any_writing(event, reservation, staff):
    Ticket.objects.update(code="7K01-2QXD")
    ticket = ticket_of(reservation)
    for typed in ("7K01-2QXD", "7k012qxd", " 7k 01 - 2q xd ", "7KOI-2QXD", "7kol2qxd"):
        assert lookup.find(event, typed, by=staff) == ticket


@pytest.mark.both
def test_find_needs_one_query_for_all_shown_facts(
    event, reservation, staff, django_assert_num_queries
):
    code = ticket_of(reservation).code
    with django_assert_num_queries(1):
        found = lookup.find(event, code, by=staff)
        assert (str(found.reservation.person), found.checked_in_by, found.event.title) == (
            "Maja Wiśniewska",
            None,
            "Night Print",
        )


@pytest.mark.both
@pytest.mark.parametrize(
    "text",
    ["", " ", "-", "hello", "7K4M-2QX", "7K4M-2QXDD", "UUUU-UUUU", "😀", "\x00", "1", "9" * 500],
)
def test_find_says_that_another_text_is_no_ticket(event, reservation, staff, text):
    assert refused(lookup.find, event, text, by=staff).code == "not_a_ticket"


def test_find_says_that_a_code_was_not_signed_here(event, reservation, staff):
    text = signature.sign(ticket_of(reservation))
    assert refused(lookup.find, event, text[:-10] + "AAAAAAAAAA", by=staff).code == "forged_ticket"


def test_find_refuses_a_short_code_of_another_event(event, reservation, staff):
    elsewhere = ticket_of(make_reservation(status="confirmed"))
    assert refused(lookup.find, event, elsewhere.code, by=staff).code == "not_a_ticket"


def test_find_names_the_other_event_only_to_its_door_staff(event, reservation, staff):
    other = make_reservation(make_event(title="Secret Choir"), status="confirmed")
    text = signature.sign(ticket_of(other))
    refusal = refused(lookup.find, event, text, by=staff)
    assert refusal.code == "wrong_event" and "Secret Choir" not in refusal.message
    event_services.add_door_staff(other.event, email=staff.email, by=other.event.organizer)
    assert "Secret Choir" in refused(lookup.find, event, text, by=staff).message


@pytest.mark.parametrize("by_text", [True, False], ids=["qr code", "short code"])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda r: registration.cancel(r, by=r.person), "cancelled"),
        (lambda r: decisions.reject(r, by=r.event.organizer), "took this spot back"),
        (lambda r: decisions.undo(r, by=r.event.organizer), "waiting"),
        (
            lambda r: decisions.confirm(
                decisions.undo(r, by=r.event.organizer), by=r.event.organizer
            ),
            "newer ticket",
        ),
    ],
    ids=["withdrawn", "rejected", "taken back", "issued again"],
)
def test_find_says_why_a_ticket_is_void(event, reservation, staff, change, words, by_text):
    old = ticket_of(reservation)
    shown = signature.sign(old) if by_text else old.code
    change(reservation)
    refusal = refused(lookup.find, event, shown, by=staff)
    assert refusal.code == "ticket_void" and words in refusal.message


@pytest.mark.both
def test_find_prefers_the_valid_one_of_two_with_the_same_short_code(event, reservation, staff):
    decisions.undo(reservation, by=event.organizer)
    decisions.confirm(reservation, by=event.organizer)
    Ticket.objects.update(code="7K4M-2QXD")
    assert lookup.find(event, "7K4M2QXD", by=staff) == ticket_of(reservation)


def test_find_refuses_a_deleted_ticket(event, reservation, staff):
    text = signature.sign(ticket_of(reservation))
    Ticket.objects.all().delete()
    assert refused(lookup.find, event, text, by=staff).code == "ticket_void"


def test_find_says_that_the_event_is_cancelled(event, reservation, staff):
    ticket = ticket_of(reservation)
    event_services.cancel(event, by=event.organizer)
    event.refresh_from_db()
    for shown in (signature.sign(ticket), ticket.code, "nonsense"):
        assert refused(lookup.find, event, shown, by=staff).code == "event_cancelled"
