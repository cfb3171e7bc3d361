"""The services that decide about many reservations at once."""

import pytest
from django.utils import timezone

from events import services as event_services
from tests.support.factories import make_event, make_people, make_person, make_reservation
from tests.tickets.queue_services import counters, refusal
from tickets.models import Ticket
from tickets.queue import bulk_decisions, decisions, registration

pytestmark = [pytest.mark.both, pytest.mark.django_db]


def test_bulk_confirm_follows_the_queue_and_names_reservations_without_a_seat():
    event = make_event(seats_limit=2)
    first, second, third = (
        registration.reserve(event.pk, person=person) for person in make_people(3)
    )
    elsewhere = make_reservation()
    done, refused = bulk_decisions.confirm_many(
        event, [third.pk, second.pk, first.pk, elsewhere.pk], by=event.organizer
    )
    assert done == [first.pk, second.pk]
    assert {pk: r.code for pk, r in refused.items()} == {
        third.pk: "event_full",
        elsewhere.pk: "already_decided",
    }
    assert counters(event) == (2, 1, 0)
    elsewhere.refresh_from_db()
    assert elsewhere.status == "pending"


def test_confirm_next_takes_the_head_of_the_queue_while_seats_last():
    event = make_event(seats_limit=3)
    waiting = [registration.reserve(event.pk, person=person) for person in make_people(5)]
    done, refusals = bulk_decisions.confirm_next(event, 2, by=event.organizer)
    assert (done, refusals) == ([waiting[0].pk, waiting[1].pk], {})
    done, refusals = bulk_decisions.confirm_next(event, 2, by=event.organizer)
    assert (done, {pk: one.code for pk, one in refusals.items()}) == (
        [waiting[2].pk],
        {waiting[3].pk: "event_full"},
    )
    assert counters(event) == (3, 2, 0)
    assert Ticket.objects.valid().count() == 3


def test_confirm_next_of_more_than_wait_confirms_all():
    event = make_event(seats_limit=9)
    reservation = registration.reserve(event.pk, person=make_person())
    assert bulk_decisions.confirm_next(event, 9, by=event.organizer) == ([reservation.pk], {})
    assert bulk_decisions.confirm_next(event, 9, by=event.organizer) == ([], {})


def test_confirm_next_is_refused_in_a_cancelled_event():
    event = make_event()
    event_services.cancel(event, by=event.organizer)
    assert refusal(bulk_decisions.confirm_next, event, 1, by=event.organizer) == "event_not_open"


def test_bulk_reject_of_confirmed_guests_takes_unused_seats_only():
    event = make_event(seats_limit=3)
    home, inside, waiting = (
        registration.reserve(event.pk, person=person) for person in make_people(3)
    )
    bulk_decisions.confirm_many(event, [home.pk, inside.pk], by=event.organizer)
    inside.tickets.update(checked_in_at=timezone.now())
    ids = [home.pk, inside.pk, waiting.pk]
    done, refusals = bulk_decisions.reject_many(
        event, ids, by=event.organizer, message=" Sorry ", seen="confirmed"
    )
    assert done == [home.pk]
    assert {pk: one.code for pk, one in refusals.items()} == {
        inside.pk: "already_checked_in",
        waiting.pk: "already_decided",
    }
    home.refresh_from_db()
    assert (home.status, home.message) == ("rejected", "Sorry")
    assert not home.tickets.valid().exists()
    assert counters(event)[:2] == (1, 1)


def test_bulk_reject_of_confirmed_guests_promotes_the_automatic_queue():
    event = make_event(seats_limit=2, admission="automatic")
    first, second, third, fourth = (
        registration.reserve(event.pk, person=person) for person in make_people(4)
    )
    bulk_decisions.reject_many(event, [first.pk, second.pk], by=event.organizer, seen="confirmed")
    assert {one.pk for one in event.reservations.confirmed()} == {third.pk, fourth.pk}


def test_reject_refuses_reservations_decided_meanwhile():
    event = make_event()
    reservation = registration.reserve(event.pk, person=make_person())
    decisions.confirm(reservation, by=event.organizer)
    assert (
        refusal(decisions.reject, reservation, by=event.organizer, seen="pending")
        == "already_decided"
    )
    assert decisions.reject(reservation, by=event.organizer, seen="confirmed").status == "rejected"


def test_bulk_reject_leaves_decided_reservations():
    event = make_event()
    waiting, confirmed = make_reservation(event), make_reservation(event, status="confirmed")
    done, refused = bulk_decisions.reject_many(
        event, [waiting.pk, confirmed.pk], by=event.organizer
    )
    assert done == [waiting.pk]
    assert [r.code for r in refused.values()] == ["already_decided"]
    assert counters(event) == (1, 0, 0)
