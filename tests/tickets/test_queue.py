"""The services of the queue for one reservation. Legal moves are spelled here again on purpose."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.db import IntegrityError, transaction
from django.utils import timezone

from events import services as event_services
from events.models import Event
from tests.support.factories import (
    make_event,
    make_organizer,
    make_people,
    make_person,
    make_reservation,
)
from tests.tickets.queue_services import counters, refusal
from tickets.models import Reservation, Ticket
from tickets.queue import decisions, reads, registration

pytestmark = [pytest.mark.both, pytest.mark.django_db]


def test_reserve_with_approval_is_pending_beside_free_seats():
    event = make_event(seats_limit=2)
    reservation = registration.reserve(event.pk, person=make_person())
    assert reservation.status == "pending"
    assert reads.position(reservation) == 1
    assert counters(event) == (0, 1, 0)
    assert not Ticket.objects.exists()


def test_reserve_without_approval_confirms_until_the_seats_are_gone():
    event = make_event(seats_limit=2, admission="automatic")
    statuses = [registration.reserve(event.pk, person=person).status for person in make_people(4)]
    assert statuses == ["confirmed", "confirmed", "pending", "pending"]
    assert counters(event) == (2, 2, 0)
    assert Ticket.objects.valid().count() == 2


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"status": "draft"}, "event_not_open"),
        ({"status": "cancelled"}, "event_not_open"),
        ({"start_time": timezone.now() - timedelta(hours=1)}, "event_started"),
    ],
)
def test_reserve_is_refused_by_a_closed_event(fields, code):
    event = make_event(**fields)
    assert refusal(registration.reserve, event.pk, person=make_person()) == code
    assert not Reservation.objects.exists()


def test_reserve_twice_is_refused_until_the_first_was_cancelled():
    event, person = make_event(), make_person()
    first = registration.reserve(event.pk, person=person)
    assert refusal(registration.reserve, event.pk, person=person) == "already_registered"
    registration.cancel(first, by=person)
    assert registration.reserve(event.pk, person=person).status == "pending"
    assert counters(event) == (0, 1, 0)


def test_reserve_after_a_rejection_is_refused():
    event, person = make_event(), make_person()
    make_reservation(event, person, status="rejected")
    assert refusal(registration.reserve, event.pk, person=person) == "reservation_rejected"


def test_database_refuses_a_second_active_reservation():
    reservation = make_reservation()
    with pytest.raises(IntegrityError), transaction.atomic():
        Reservation.objects.create(person=reservation.person, event=reservation.event)


def test_database_refuses_to_oversell():
    event = make_event(seats_limit=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        Event.objects.filter(pk=event.pk).update(confirmed_count=2)


def test_database_refuses_a_second_valid_ticket():
    reservation = make_reservation(status="confirmed")
    with pytest.raises(IntegrityError), transaction.atomic():
        Ticket.issue(reservation).save()


def test_confirm_gives_a_seat_and_one_ticket():
    event = make_event(seats_limit=1)
    reservation = make_reservation(event, status="confirmed")
    assert reservation.decided_by == event.organizer
    assert counters(event) == (1, 0, 0)
    assert [ticket.is_void for ticket in reservation.tickets.all()] == [False]


def test_confirm_is_refused_when_the_seats_are_gone():
    event = make_event(seats_limit=1)
    make_reservation(event, status="confirmed")
    second = make_reservation(event)
    assert refusal(decisions.confirm, second, by=event.organizer) == "event_full"
    assert counters(event) == (1, 1, 0)


@pytest.mark.parametrize("status", ["confirmed", "rejected", "cancelled"])
def test_confirm_needs_a_pending_reservation(status):
    reservation = make_reservation(status=status)
    assert refusal(decisions.confirm, reservation, by=make_organizer()) == "already_decided"


def test_reject_voids_the_ticket_of_a_confirmed_reservation():
    reservation = make_reservation(status="confirmed")
    decisions.reject(reservation, by=reservation.event.organizer, message="Only members tonight.")
    reservation.refresh_from_db()
    assert (reservation.status, reservation.message) == ("rejected", "Only members tonight.")
    assert not reservation.tickets.valid().exists()
    assert counters(reservation.event) == (0, 0, 0)


def test_undo_restores_the_position():
    event = make_event()
    first, second = make_reservation(event), make_reservation(event)
    decisions.reject(first, by=event.organizer)
    assert reads.position(second) == 1
    first = decisions.undo(first, by=event.organizer)
    assert (first.status, reads.position(first), reads.position(second)) == ("pending", 1, 2)
    assert counters(event) == (0, 2, 0)


def test_undo_of_a_confirmation_voids_its_ticket_for_good():
    reservation = make_reservation(status="confirmed")
    old = reservation.tickets.get().serial
    reservation = decisions.undo(reservation, by=reservation.event.organizer)
    decisions.confirm(reservation, by=reservation.event.organizer)
    assert reservation.tickets.valid().get().serial != old


def test_undo_without_a_decision_is_refused():
    event = make_event(admission="automatic")
    automatic = make_reservation(event)
    assert automatic.status == "confirmed"
    assert refusal(decisions.undo, automatic, by=event.organizer) == "nothing_to_undo"
    assert refusal(decisions.undo, make_reservation(), by=event.organizer) == "nothing_to_undo"


def test_undo_after_a_new_reservation_is_refused():
    event, person = make_event(), make_person()
    confirmed = make_reservation(event, person, status="confirmed")
    registration.cancel(confirmed, by=person)
    assert refusal(decisions.undo, confirmed, by=event.organizer) == "nothing_to_undo"


def test_position_is_the_same_counted_from_either_end():
    event = make_event(seats_limit=2)
    waiting = [registration.reserve(event.pk, person=person) for person in make_people(7)]
    registration.cancel(waiting.pop(2), by=make_person())
    # At the same moment, it is the order of coming that counts.
    Reservation.objects.filter(pk__in=[one.pk for one in waiting[1:4]]).update(
        created=waiting[1].created
    )
    for number, one in enumerate(event.reservations.pending().in_queue_order(), start=1):
        assert reads.position(one) == reads.position(one, near_the_end=True) == number


def test_cancel_promotes_the_head_of_an_automatic_queue():
    event = make_event(seats_limit=1, admission="automatic")
    holder, head, tail = (
        registration.reserve(event.pk, person=person) for person in make_people(3)
    )
    registration.cancel(holder, by=holder.person)
    head.refresh_from_db()
    tail.refresh_from_db()
    assert (head.status, tail.status) == ("confirmed", "pending")
    assert reads.position(tail) == 1
    assert counters(event) == (1, 1, 0)


def test_cancel_with_approval_promotes_nobody():
    event = make_event(seats_limit=1)
    holder, waiting = make_reservation(event, status="confirmed"), make_reservation(event)
    registration.cancel(holder, by=holder.person)
    waiting.refresh_from_db()
    assert waiting.status == "pending"
    assert counters(event) == (0, 1, 0)


def test_cancel_twice_is_refused():
    reservation = make_reservation(status="cancelled")
    assert refusal(registration.cancel, reservation, by=reservation.person) == "already_gone"


def test_added_seats_promote_the_head_of_an_automatic_queue():
    event = make_event(seats_limit=1, admission="automatic")
    reservations = [registration.reserve(event.pk, person=person) for person in make_people(4)]
    event_services.edit(event, by=event.organizer, seats_limit=3)
    assert [Reservation.objects.get(pk=r.pk).status for r in reservations] == [
        "confirmed",
        "confirmed",
        "confirmed",
        "pending",
    ]
    assert counters(event) == (3, 1, 0)


def test_capacity_cannot_go_below_the_given_seats():
    event = make_event(seats_limit=3)
    make_reservation(event, status="confirmed")
    make_reservation(event, status="confirmed")
    assert (
        refusal(event_services.edit, event, by=event.organizer, seats_limit=1)
        == "seats_limit_below_confirmed"
    )
    assert event_services.edit(event, by=event.organizer, seats_limit=2).seats_limit == 2


def test_event_cancellation_rejects_every_active_reservation():
    event = make_event(seats_limit=5)
    pending, confirmed = make_reservation(event), make_reservation(event, status="confirmed")
    gone = make_reservation(event, status="cancelled")
    event_services.cancel(event, by=event.organizer, message="The heating broke.")
    assert [Reservation.objects.get(pk=r.pk).status for r in (pending, confirmed, gone)] == [
        "rejected",
        "rejected",
        "cancelled",
    ]
    assert not Ticket.objects.valid().exists()
    assert counters(event) == (0, 0, 0)
    assert refusal(decisions.undo, pending, by=event.organizer) == "event_not_open"


# --- Looking for somebody -------------------------------------------------------------------------


def test_migration_fills_the_status_at_cancellation():
    """The migration tells it by when they were rejected and when their tickets became void."""
    event = make_event(seats_limit=5)
    kinds = {
        status: make_reservation(event, status=status)
        for status in ("confirmed", "pending", "rejected", "cancelled")
    }
    taken_back = make_reservation(event, status="confirmed")
    decisions.reject(taken_back, by=event.organizer)
    event_services.cancel(event, by=event.organizer)
    Reservation.objects.update(status_at_cancellation="")
    migration = import_module("tickets.migrations.0009_status_at_cancellation")
    migration.fill(apps, None)
    found = {one.pk: one.status_at_cancellation for one in event.reservations.all()}
    expected = {kinds["confirmed"].pk: "confirmed", kinds["pending"].pk: "pending"}
    assert (
        found
        == dict.fromkeys((kinds["rejected"].pk, kinds["cancelled"].pk, taken_back.pk), "")
        | expected
    )
