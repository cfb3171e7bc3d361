"""The check-in and its undo: once for each ticket, by one device or by many at once."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from eventflow.core.audit import AuditEntry
from eventflow.core.errors import Refused
from events import services as event_services
from events.models import Event
from tests.support.check_in import check_in
from tests.support.factories import make_reservation
from tests.tickets.check_in_rules import refused, ticket_of
from tests.tickets.door_pages import helper_at
from tickets.checkin import admission, undo
from tickets.checkin.access import CheckInActor
from tickets.models import Reservation, Ticket
from tickets.queue import decisions, registration

pytestmark = [pytest.mark.both, pytest.mark.django_db]


@pytest.fixture
def reservation():
    return make_reservation(status="confirmed")


@pytest.fixture
def event(reservation):
    return reservation.event


@pytest.fixture
def staff(event):
    return helper_at(event)


def inside(event):
    event.refresh_from_db()
    return event.checked_in_count


# --- Let in ---------------------------------------------------------------------------------------


def test_check_in_admits_once_and_names_the_first_device_to_the_second(event, reservation, staff):
    first = check_in(reservation, by=staff, device="Entrance A")
    assert first.is_admitted and first.ticket
    assert (first.ticket.checked_in_by, first.ticket.checked_in_device) == (staff, "Entrance A")
    second = check_in(reservation, by=event.organizer, device="Entrance B")
    assert not second.is_admitted and second.ticket
    assert second.ticket.checked_in_at == first.ticket.checked_in_at
    assert second.ticket.checked_in_by == staff
    assert inside(event) == 1
    [entry] = AuditEntry.objects.filter(action="check_in")
    assert (entry.by, entry.target_id, entry.facts["device"]) == (
        staff,
        reservation.pk,
        "Entrance A",
    )


def test_check_in_of_a_used_ticket_waits_for_no_lock(
    event, reservation, staff, django_assert_num_queries
):
    check_in(reservation, by=staff)
    with django_assert_num_queries(1):
        assert not check_in(reservation, by=staff).is_admitted


@pytest.mark.parametrize("status", ["pending", "rejected", "cancelled"])
def test_check_in_needs_a_confirmed_reservation(status, staff):
    other = make_reservation(status=status)
    assert refused(check_in, other, by=staff).code == "not_confirmed"
    assert inside(other.event) == 0


def test_check_in_at_a_cancelled_event_is_refused(event, reservation, staff):
    event_services.cancel(event, by=event.organizer)
    assert refused(check_in, reservation, by=staff).code == "event_cancelled"


def test_check_in_of_a_ticket_used_meanwhile_admits_nobody(event, reservation, staff):
    read = ticket_of(reservation)
    first = check_in(reservation, by=staff)
    second = check_in(read, by=event.organizer)
    assert not second.is_admitted and first.ticket and second.ticket
    assert second.ticket.checked_in_at == first.ticket.checked_in_at
    assert second.ticket.checked_in_by == staff
    assert inside(event) == 1


def test_check_in_of_a_ticket_voided_meanwhile_admits_nobody(event, reservation, staff):
    read = ticket_of(reservation)
    registration.cancel(reservation, by=reservation.person)
    assert refused(check_in, read, by=staff).code == "not_confirmed"
    assert inside(event) == 0


def test_check_in_of_a_ticket_replaced_meanwhile_uses_the_new_one(event, reservation, staff):
    read = ticket_of(reservation)
    decisions.undo(reservation, by=event.organizer)
    decisions.confirm(reservation, by=event.organizer)
    answer = check_in(read, by=staff)
    assert (answer.is_admitted, answer.ticket) == (True, ticket_of(reservation))
    assert answer.ticket != read
    assert inside(event) == 1


def test_check_in_returns_what_it_stored(reservation, staff):
    answered = check_in(reservation, by=staff, device="D" * 120).ticket
    kept = ticket_of(reservation)
    assert answered
    for field in ("checked_in_at", "checked_in_by", "checked_in_device"):
        assert getattr(answered, field) == getattr(kept, field)
    assert answered.event.checked_in_count == 1


def test_undo_of_a_check_in_makes_the_ticket_valid_again(event, reservation, staff):
    check_in(reservation, by=staff)
    ticket = undo.undo_check_in(reservation, actor=CheckInActor(event.organizer))
    assert (ticket.is_used, ticket.checked_in_by, ticket.checked_in_device, inside(event)) == (
        False,
        None,
        "",
        0,
    )
    assert check_in(reservation, by=staff).is_admitted
    actions = (
        AuditEntry.objects.filter(action__startswith="check_in")
        .order_by("pk")
        .values_list("action", "by")
    )
    assert list(actions) == [
        ("check_in", staff.pk),
        ("check_in.undo", event.organizer.pk),
        ("check_in", staff.pk),
    ]


def test_undo_of_a_check_in_needs_a_used_ticket(event, reservation, staff):
    assert (
        refused(undo.undo_check_in, reservation, actor=CheckInActor(staff)).code == "not_checked_in"
    )
    assert (
        refused(undo.undo_check_in, make_reservation(), actor=CheckInActor(staff)).code
        == "not_checked_in"
    )
    assert inside(event) == 0


def test_undo_of_a_check_in_is_refused_after_the_event(event, reservation, staff):
    check_in(reservation, by=staff)
    Event.objects.update(start_time=timezone.now() - timedelta(hours=2), end_time=timezone.now())
    assert refused(undo.undo_check_in, reservation, actor=CheckInActor(staff)).code == "event_over"
    assert inside(event) == 1


# --- Eight doors, one ticket ----------------------------------------------------------------------


def storm(reservation, staff, doors=8):
    """Every door scans the same ticket at the same moment. Which of them let somebody in."""
    start, firsts = threading.Barrier(doors), []

    def scan() -> None:
        try:
            start.wait()
            firsts.append(check_in(reservation, by=staff).is_admitted)
        finally:
            connection.close()

    threads = [threading.Thread(target=scan) for _ in range(doors)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(firsts) == doors
    return sum(firsts)


def all_look_before_anybody_acts(monkeypatch, doors=8):
    """Without the lock every device reads event and unused ticket before the first write."""
    together = threading.Barrier(doors)

    def no_lock(event_id, among=None):
        event = Event.objects.get(pk=event_id)
        together.wait()
        return event

    monkeypatch.setattr(event_services, "lock", no_lock)


@pytest.mark.django_db(transaction=True)
def test_check_in_by_eight_devices_at_once_admits_once(reservation, event, staff):
    assert storm(reservation, staff) == 1
    assert inside(event) == 1
    assert AuditEntry.objects.filter(action="check_in").count() == 1


@pytest.mark.postgresql  # on SQLite a transaction that may write has the whole database to itself
@pytest.mark.django_db(transaction=True)
def test_check_in_without_the_lock_still_admits_once(reservation, event, staff, monkeypatch):
    all_look_before_anybody_acts(monkeypatch)
    assert storm(reservation, staff) == 1


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_check_in_without_lock_and_condition_admits_many(reservation, event, staff, monkeypatch):
    """The twin: it proves that the races above would see the damage."""
    all_look_before_anybody_acts(monkeypatch)
    monkeypatch.setattr(
        admission,
        "mark",
        lambda ticket, at, *, actor: bool(
            Ticket.objects.filter(pk=ticket.pk).update(checked_in_at=at)
        ),
    )
    assert storm(reservation, staff) > 1


@pytest.mark.django_db(transaction=True)
def test_check_in_and_cancellation_at_once_agree(reservation, event, staff):
    """Whoever comes first wins: let in, or withdrawn; never both."""
    start, refusals = threading.Barrier(2), []

    def run(call) -> None:
        try:
            start.wait()
            call()
        except Refused as refusal:
            refusals.append(refusal.code)
        finally:
            connection.close()

    calls = [
        lambda: check_in(reservation, by=staff),
        lambda: registration.cancel(reservation, by=reservation.person),
    ]
    threads = [threading.Thread(target=run, args=[call]) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    status = Reservation.objects.get(pk=reservation.pk).status
    assert (status, refusals, inside(event)) in [
        ("confirmed", ["already_checked_in"], 1),
        ("cancelled", ["not_confirmed"], 0),
    ]
