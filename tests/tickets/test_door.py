"""The door's rules: whose ticket a code is, and one admission a ticket."""

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
from tests.support.factories import make_event, make_person, make_reservation
from tickets.checkin import admission, codes, undo
from tickets.checkin.access import CheckInActor
from tickets.models import Reservation, Ticket
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
    person = make_person("Kuba Drzwi")
    event_services.add_door_staff(event, email=person.email, by=event.organizer)
    return person


def ticket_of(reservation):
    return reservation.tickets.valid().get()


def refused(call, *args, **kwargs):
    with pytest.raises(Refused) as caught:
        call(*args, **kwargs)
    return caught.value


def inside(event):
    event.refresh_from_db()
    return event.checked_in_count


# --- Whose ticket is it -----------------------------------------------------------------------------------------------


def test_find_reads_the_qr_codes_text(event, reservation, staff):
    ticket = ticket_of(reservation)
    text = signature.sign(ticket)
    for shown in (text, f" {text}\r\n", text.lower()):
        assert codes.find(event, shown, by=staff) == ticket


def test_find_accepts_a_short_code_in_any_writing(event, reservation, staff):
    Ticket.objects.update(code="7K01-2QXD")
    ticket = ticket_of(reservation)
    for typed in ("7K01-2QXD", "7k012qxd", " 7k 01 - 2q xd ", "7KOI-2QXD", "7kol2qxd"):
        assert codes.find(event, typed, by=staff) == ticket


def test_find_needs_one_query_for_all_shown_facts(
    event, reservation, staff, django_assert_num_queries
):
    code = ticket_of(reservation).code
    with django_assert_num_queries(1):
        found = codes.find(event, code, by=staff)
        assert (str(found.reservation.person), found.checked_in_by, found.event.title) == (
            "Maja Wiśniewska",
            None,
            "Night Print",
        )


@pytest.mark.parametrize(
    "text",
    ["", " ", "-", "hello", "7K4M-2QX", "7K4M-2QXDD", "UUUU-UUUU", "😀", "\x00", "1", "9" * 500],
)
def test_find_says_that_another_text_is_no_ticket(event, reservation, staff, text):
    assert refused(codes.find, event, text, by=staff).code == "not_a_ticket"


def test_find_says_that_a_code_was_not_signed_here(event, reservation, staff):
    text = signature.sign(ticket_of(reservation))
    assert refused(codes.find, event, text[:-10] + "AAAAAAAAAA", by=staff).code == "forged_ticket"


def test_find_refuses_a_short_code_of_another_event(event, reservation, staff):
    elsewhere = ticket_of(make_reservation(status="confirmed"))
    assert refused(codes.find, event, elsewhere.code, by=staff).code == "not_a_ticket"


def test_find_names_the_other_event_only_to_its_door_staff(event, reservation, staff):
    other = make_reservation(make_event(title="Secret Choir"), status="confirmed")
    text = signature.sign(ticket_of(other))
    refusal = refused(codes.find, event, text, by=staff)
    assert refusal.code == "wrong_event" and "Secret Choir" not in refusal.message
    event_services.add_door_staff(other.event, email=staff.email, by=other.event.organizer)
    assert "Secret Choir" in refused(codes.find, event, text, by=staff).message


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
    refusal = refused(codes.find, event, shown, by=staff)
    assert refusal.code == "ticket_void" and words in refusal.message


def test_find_prefers_the_valid_one_of_two_with_the_same_short_code(event, reservation, staff):
    decisions.undo(reservation, by=event.organizer)
    decisions.confirm(reservation, by=event.organizer)
    Ticket.objects.update(code="7K4M-2QXD")
    assert codes.find(event, "7K4M2QXD", by=staff) == ticket_of(reservation)


def test_find_refuses_a_deleted_ticket(event, reservation, staff):
    text = signature.sign(ticket_of(reservation))
    Ticket.objects.all().delete()
    assert refused(codes.find, event, text, by=staff).code == "ticket_void"


def test_find_says_that_the_event_is_cancelled(event, reservation, staff):
    ticket = ticket_of(reservation)
    event_services.cancel(event, by=event.organizer)
    event.refresh_from_db()
    for shown in (signature.sign(ticket), ticket.code, "nonsense"):
        assert refused(codes.find, event, shown, by=staff).code == "event_cancelled"


# --- Let in -----------------------------------------------------------------------------------------------------------


def test_check_in_admits_once_and_names_the_first_device_to_the_second(event, reservation, staff):
    first = check_in(reservation, by=staff, device="Entrance A")
    assert first.is_admitted and (first.ticket.checked_in_by, first.ticket.checked_in_device) == (
        staff,
        "Entrance A",
    )
    second = check_in(reservation, by=event.organizer, device="Entrance B")
    assert not second.is_admitted
    assert (second.ticket.checked_in_at, second.ticket.checked_in_by) == (
        first.ticket.checked_in_at,
        staff,
    )
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
    assert (second.is_admitted, second.ticket.checked_in_at, second.ticket.checked_in_by) == (
        False,
        first.ticket.checked_in_at,
        staff,
    )
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


# --- Eight doors, one ticket ------------------------------------------------------------------------------------------


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
    """The lock gives way: every door reads the event, and that the ticket is unused, before the first one writes."""
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
