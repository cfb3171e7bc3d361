"""`check_invariants` finds and names every kind of wrong data, and none after work of the services.

The tests make the wrong data without the services. Where the database itself forbids it, the test
shows that first.
"""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone

from events import services as event_services
from events.models import Event
from tests.support.check_in import check_in
from tests.support.factories import make_event, make_people, make_person, make_reservation
from tickets.models import Reservation, Ticket
from tickets.queue import decisions, invariants, registration

pytestmark = [pytest.mark.both, pytest.mark.django_db]


@pytest.fixture
def event():
    """An automatic event with two confirmed guests, one of them checked in, and three others.

    One of these is pending, one has cancelled and one was rejected.
    """
    event = make_event(seats_limit=2, admission="automatic")
    first, second, gone, rejected, third = (
        registration.reserve(event.pk, person=person) for person in make_people(5)
    )
    registration.cancel(gone, by=gone.person)
    decisions.reject(rejected, by=event.organizer)
    check_in(first, by=event.organizer)
    assert [r.status for r in (first, second, third)] == ["confirmed", "confirmed", "pending"]
    event.refresh_from_db()
    return event


@pytest.fixture
def approval():
    event = make_event(seats_limit=3)
    make_reservation(event, status="confirmed")
    make_reservation(event)
    event.refresh_from_db()
    return event


def broken():
    """The broken rules, each once."""
    return sorted({violation.rule for violation in invariants.violations()})


def forbidden(damage):
    """Whether the database refuses this damage by itself."""
    try:
        with transaction.atomic():
            damage()
    except IntegrityError:
        return True
    return False


def test_check_invariants_finds_nothing_in_the_work_of_the_services(event, approval, capsys):
    make_reservation(approval, status="rejected")
    called_off = make_reservation(status="confirmed").event
    event_services.cancel(called_off, by=called_off.organizer)
    undone = make_reservation(approval, status="confirmed")
    decisions.undo(undone, by=approval.organizer)
    call_command("check_invariants")
    assert capsys.readouterr().out == "All invariants hold (3 events, 10 reservations).\n"


def test_check_invariants_finds_nothing_in_an_empty_database(capsys):
    call_command("check_invariants")
    assert "0 events, 0 reservations" in capsys.readouterr().out


def test_check_invariants_finds_a_status_at_cancellation_without_one(approval):
    rejected = make_reservation(approval, status="rejected")
    pending = approval.reservations.pending().first()
    damage = {"status_at_cancellation": "confirmed"}
    assert forbidden(lambda: Reservation.objects.filter(pk=pending.pk).update(**damage))
    Reservation.objects.filter(pk=rejected.pk).update(**damage)
    assert broken() == ["place_before_cancellation_only_where_cancelled"]


@pytest.mark.parametrize("name", ["confirmed_count", "pending_count", "checked_in_count"])
def test_check_invariants_finds_a_wrong_counter(event, name):
    Event.objects.filter(pk=event.pk).update(**{name: F(name) - 1})
    assert "counters_match_recount" in broken()
    assert any(f"event {event.pk} says " in str(violation) for violation in invariants.violations())


def test_check_invariants_finds_more_confirmed_than_seats(event):
    """The database limits the counter, but not reservations that were never counted."""
    assert forbidden(lambda: Event.objects.filter(pk=event.pk).update(confirmed_count=3))
    assert forbidden(lambda: Event.objects.filter(pk=event.pk).update(seats_limit=1))
    Reservation.objects.pending().filter(event=event).update(status="confirmed")
    assert broken() == ["confirmed_have_one_ticket", "counters_match_recount", "never_oversold"]


def without(index):
    """Drop this index, as a careless restore would; the test's end brings it back."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX {index}")


def test_check_invariants_finds_a_second_active_reservation(event):
    person = Reservation.objects.pending().get(event=event).person
    assert forbidden(lambda: Reservation.objects.create(event=event, person=person))
    without("one_live_reservation")
    Reservation.objects.create(event=event, person=person)
    Event.objects.filter(pk=event.pk).update(pending_count=2)
    assert broken() == ["one_active_reservation_each"]


def test_check_invariants_finds_a_second_valid_ticket(event):
    reservation = Reservation.objects.confirmed().filter(event=event)[0]
    assert forbidden(lambda: Ticket.issue(reservation).save())
    without("one_valid_ticket")
    Ticket.issue(reservation).save()
    assert broken() == ["confirmed_have_one_ticket"]


def test_check_invariants_finds_a_seat_without_a_ticket(approval):
    Ticket.objects.update(void_at=timezone.now())
    assert broken() == ["confirmed_have_one_ticket"]


@pytest.mark.parametrize("status", ["pending", "rejected", "cancelled"])
def test_check_invariants_finds_a_ticket_without_a_seat(approval, status):
    reservation = make_reservation(approval, status=status)
    Ticket.issue(reservation).save()
    ticket = reservation.tickets.get()
    [violation] = invariants.violations()
    assert str(violation) == (
        f"only_confirmed_have_tickets: ticket {ticket.pk} is valid, "
        f"its reservation {reservation.pk} is {status}"
    )


def test_check_invariants_finds_a_ticket_for_another_event(approval):
    Ticket.objects.update(event=make_event())
    assert broken() == ["tickets_belong_to_their_event"]


def test_check_invariants_finds_a_check_in_that_was_not_counted(approval):
    Ticket.objects.update(checked_in_at=timezone.now())
    assert broken() == ["counters_match_recount"]


@pytest.mark.parametrize("status", ["draft", "cancelled"])
def test_check_invariants_finds_a_queue_of_an_unpublished_event(approval, status):
    Event.objects.filter(pk=approval.pk).update(status=status)
    assert broken() == ["active_only_where_published"]


def test_check_invariants_finds_a_waiting_guest_beside_a_free_seat(event):
    Event.objects.filter(pk=event.pk).update(seats_limit=3)
    assert broken() == ["nobody_waits_beside_a_free_seat"]


def test_check_invariants_allows_a_waiting_guest_with_approval_or_after_the_event(event, approval):
    assert approval.pending_count and approval.seats_left
    yesterday = timezone.now() - timedelta(days=1)
    Event.objects.filter(pk=event.pk).update(
        seats_limit=3, start_time=yesterday, end_time=yesterday + timedelta(hours=1)
    )
    assert broken() == []


def test_ticket_has_room_for_one_check_in_only(event):
    """A ticket has one time of check-in, and the database limits the count to that of the seats."""
    assert forbidden(
        lambda: Event.objects.filter(pk=event.pk).update(checked_in_count=F("confirmed_count") + 1)
    )
    names = {field.name for field in Ticket._meta.fields if field.name.startswith("checked_in")}
    assert names == {"checked_in_at", "checked_in_by", "checked_in_device"}


def test_check_invariants_names_every_violation_and_ends_with_an_error(event, approval, capsys):
    Event.objects.filter(pk=event.pk).update(seats_limit=3)
    Ticket.objects.filter(event=approval).update(void_at=timezone.now())
    confirmed = approval.reservations.confirmed().get()
    with pytest.raises(CommandError, match="2 broken invariants") as caught:
        call_command("check_invariants")
    assert caught.value.returncode == 1
    ticketless = f"reservation {confirmed.pk} is confirmed and has 0 valid tickets"
    assert capsys.readouterr().out.splitlines() == [
        f"confirmed_have_one_ticket: {ticketless}",
        f"nobody_waits_beside_a_free_seat: event {event.pk}: 1 wait, 1 seats are free",
    ]


def test_check_invariants_needs_the_same_number_of_queries(event, django_assert_num_queries):
    big = make_event(seats_limit=30, admission="automatic")
    for person in make_people(40):
        registration.reserve(big.pk, person=person)
    make_reservation(make_event(), make_person())
    with django_assert_num_queries(len(invariants.RULES)):
        assert invariants.violations() == []
