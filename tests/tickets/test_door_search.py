"""Guests are found at the door as people type their names."""

import pytest

from tests.support.factories import make_event, make_people, make_person, make_reservation
from tickets.checkin import search
from tickets.checkin.access import CheckInActor
from tickets.models import Ticket
from tickets.queue import registration

pytestmark = [pytest.mark.both, pytest.mark.django_db]

GUESTS = [
    "Łucja Żółkiewska",
    "ŁUKASZ ŻUK",
    "Jan Kowalski",
    "Anna Maria Kowalska-Zielińska",
    "Siobhán O’Connor",
    "Олена Коваль",
    "Percy 100%",
]


@pytest.fixture
def full_event():
    event = make_event()
    for name in GUESTS:
        make_reservation(event, make_person(name), status="confirmed")
    return event


def names(event, query):
    return {
        str(ticket.reservation.person)
        for ticket in search.search(event, query, actor=CheckInActor(event.organizer))
    }


SEARCHES = [
    ("łu", {"Łucja Żółkiewska", "ŁUKASZ ŻUK"}),
    ("ŁUC", {"Łucja Żółkiewska"}),
    ("żół", {"Łucja Żółkiewska"}),
    ("Żuk", {"ŁUKASZ ŻUK"}),
    ("kow", {"Jan Kowalski", "Anna Maria Kowalska-Zielińska"}),
    ("KOWALSKI", {"Jan Kowalski"}),
    ("jan kow", {"Jan Kowalski"}),
    ("kow jan", {"Jan Kowalski"}),
    ("zieliń", {"Anna Maria Kowalska-Zielińska"}),
    ("kowalska-ziel", {"Anna Maria Kowalska-Zielińska"}),
    ("maria", {"Anna Maria Kowalska-Zielińska"}),
    ("o'con", {"Siobhán O’Connor"}),
    ("connor", {"Siobhán O’Connor"}),
    ("коваль", {"Олена Коваль"}),
    ("100%", {"Percy 100%"}),
    ("%%", set()),
    ("__", set()),
    ("walsk", set()),
    ("jan żuk", set()),
    ("k", set()),
    ("", set()),
    ("--", set()),
    (" \t\n", set()),
    ("ja\x00n", {"Jan Kowalski"}),
    ("\ud800\ud800", set()),
    ("a " * 200, {"Anna Maria Kowalska-Zielińska"}),
]


def test_search_finds_guests_by_typed_names(subtests, full_event):
    for query, found in SEARCHES:
        with subtests.test(repr(query)):
            assert names(full_event, query) == found


def test_search_finds_by_address_and_by_code(full_event):
    ticket = Ticket.objects.get(reservation__person__last_name="Kowalski")
    for query in (
        ticket.reservation.person.email[:9].upper(),
        ticket.code,
        ticket.code.replace("-", "").lower(),
        ticket.code[:6],
    ):
        assert "Jan Kowalski" in names(full_event, query)
    assert names(full_event, ticket.reservation.person.email) == {"Jan Kowalski"}


def test_search_finds_only_valid_tickets_of_this_event(full_event):
    make_reservation(make_event(), make_person("Jan Kowalewski"), status="confirmed")
    make_reservation(full_event, make_person("Jan Kowalczyk"))
    gone = make_reservation(full_event, make_person("Jan Kowalik"), status="confirmed")
    registration.cancel(gone, by=gone.person)
    assert names(full_event, "jan kow") == {"Jan Kowalski"}


def test_search_returns_at_most_twenty_in_one_query(django_assert_num_queries):
    event = make_event(seats_limit=60, admission="automatic")
    for person in make_people(50):
        registration.reserve(event.pk, person=person)
    with django_assert_num_queries(1):
        found = search.search(event, "guest", actor=CheckInActor(event.organizer))
        assert len({ticket.reservation.person.email for ticket in found}) == 20
        assert all(ticket.checked_in_by is None for ticket in found)
