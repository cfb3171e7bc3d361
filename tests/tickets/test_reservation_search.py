"""Reservations are found by words of name, address and note."""

import pytest
from django.db import connection

from accounts.models import User
from eventflow.core.search import any_word, every_word
from tests.support.factories import make_event, make_person
from tickets.models import Reservation
from tickets.models.reservations import NAMES
from tickets.queue import decisions, registration

pytestmark = [pytest.mark.both, pytest.mark.django_db]


def found(event, text, beside="note_folded"):
    return list(
        event.reservations.matching(text, beside).values_list("person__last_name", flat=True)
    )


def test_reservations_match_words_of_name_address_and_note():
    event, other = make_event(title="Night Print"), make_event(title="Morning")
    anna, lis = (
        make_person("Anna Łęcka", email="anna@example.org"),
        make_person("Maja Lis", email="lis@example.org"),
    )
    for person in (anna, lis):
        registration.reserve(event.pk, person=person)
    decisions.note(event.reservations.get(person=lis), "VIP, brings ink", by=event.organizer)
    assert found(event, "") == found(event, "  ") == found(event, "EXAMPLE.org") == ["Łęcka", "Lis"]
    assert found(event, "łęcka ANNA") == found(event, "anna@") == ["Łęcka"]
    assert found(event, "lis") == found(event, "vip") == found(event, "lis vip ink maja") == ["Lis"]
    assert (
        found(event, "anna vip")
        == found(event, "100%")
        == found(event, "%")
        == found(event, "_")
        == []
    )
    assert found(event, "print night łęcka", "event__title_folded") == ["Łęcka"]
    assert found(event, "morning", "event__title_folded") == found(other, "anna") == []


@pytest.mark.postgresql
def test_reservation_search_uses_two_indexes():
    with connection.cursor() as cursor:
        # The tables of tests are so small that reading them whole is cheaper.
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_indexscan = off")
        names = User.objects.filter(every_word("maja nowak", *NAMES)).order_by().explain()
        notes = (
            Reservation.objects.filter(any_word("wheel ramp", "note_folded")).order_by().explain()
        )
    # At least the rarer of the words, in each of the three columns that it may stand in.
    assert names.count("user_folded_by_trigrams") >= 3
    assert notes.count("note_folded_by_trigrams") == 2
