"""Scans that devices kept count once, in any order; two admissions of a ticket are a conflict."""

from datetime import timedelta
from itertools import permutations

import pytest
from django.urls import reverse
from django.utils import timezone

from eventflow.core.errors import Refused
from events import services as event_services
from tests.support.check_in import scan
from tests.support.factories import make_event, make_person, make_reservation
from tests.support.markup import only, words
from tickets.checkin import scans
from tickets.models import Scan, Ticket
from tickets.queue import decisions, invariants, registration
from tickets.ticket import signature

pytestmark = pytest.mark.django_db


@pytest.fixture
def event():
    return make_event()


@pytest.fixture
def ticket(event):
    return make_reservation(event, make_person("Maja Wiśniewska"), status="confirmed").tickets.get()


def read(event, text, nonce, **facts):
    verdict = scan(event, text, nonce=nonce, by=event.organizer, **facts)
    return verdict.outcome, verdict.reason.code if verdict.reason else ""


def inside(event):
    event.refresh_from_db()
    assert list(invariants.violations()) == []
    return event.checked_in_count


@pytest.mark.both
def test_scan_admits_and_its_copy_gets_the_same_answer(event, ticket):
    text = signature.sign(ticket)
    assert [read(event, text, "n-1") for _ in range(3)] == [("admitted", "")] * 3
    assert read(event, text, "n-2") == ("used", "")
    assert (inside(event), Scan.objects.count()) == (1, 2)
    assert not Scan.objects.conflicts().exists(), "whoever was asked let nobody in"


@pytest.mark.both
def test_offline_scan_counts_at_its_own_time(event, ticket):
    an_hour_ago = timezone.now() - timedelta(hours=1)
    read(event, ticket.code, "n-1", at=an_hour_ago, device="Gate 2", let_in=True)
    ticket.refresh_from_db()
    assert (ticket.checked_in_at, ticket.checked_in_device) == (an_hour_ago, "Gate 2")


def test_scan_from_a_clock_ahead_counts_at_the_time_of_the_server(event, ticket):
    read(event, ticket.code, "n-1", at=timezone.now() + timedelta(minutes=4), let_in=True)
    ticket.refresh_from_db()
    assert ticket.checked_in_at <= timezone.now()


@pytest.mark.both
@pytest.mark.parametrize("order", list(permutations(["gate 1", "gate 2", "gate 1 again"])))
def test_two_offline_scans_give_one_admission_and_one_conflict_in_any_order(event, ticket, order):
    text, six = signature.sign(ticket), timezone.now() - timedelta(hours=2)
    times = {"gate 1": six, "gate 2": six + timedelta(minutes=5)}
    for door in order:
        gate = door.removesuffix(" again")
        read(event, text, f"nonce of {gate}", at=times[gate], device=gate, let_in=True)
    assert inside(event) == 1
    first = order[0].removesuffix(" again")
    [conflict] = Scan.objects.conflicts()
    ticket.refresh_from_db()
    assert (ticket.checked_in_device, ticket.checked_in_at) == (first, times[first])
    other = ({*times} - {first}).pop()
    assert (conflict.device, conflict.at, conflict.outcome) == (other, times[other], "used")


def take_seat_back(ticket, event):
    decisions.reject(ticket.reservation, by=event.organizer)


def leave(ticket, event):
    registration.cancel(ticket.reservation, by=ticket.reservation.person)


def call_off(ticket, event):
    event_services.cancel(event, by=event.organizer)


def replace(ticket, event):
    decisions.undo(ticket.reservation, by=event.organizer)
    decisions.confirm(ticket.reservation, by=event.organizer)


@pytest.mark.both
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (take_seat_back, "ticket_void"),
        (leave, "ticket_void"),
        (replace, "ticket_void"),
        (call_off, "event_cancelled"),
    ],
)
def test_offline_admission_of_a_void_ticket_is_stored(event, ticket, change, reason):
    text = signature.sign(ticket)
    change(ticket, event)
    assert [read(event, text, "n-1", let_in=True) for _ in range(2)] == [("refused", reason)] * 2
    [conflict] = Scan.objects.conflicts()
    assert (conflict.reason, conflict.ticket) == (reason, ticket)
    assert inside(event) == 0


def test_refused_scan_of_a_void_ticket_is_not_stored(event, ticket):
    text = signature.sign(ticket)
    leave(ticket, event)
    assert read(event, text, "n-1") == ("refused", "ticket_void")
    assert not Scan.objects.exists()


@pytest.mark.both
@pytest.mark.parametrize("text", ["not a ticket", "A" * 138])
def test_offline_admission_by_another_text_is_refused_and_not_stored(event, text):
    outcome, reason = read(event, text, "n-1", let_in=True)
    assert outcome == "refused" and reason in {"not_a_ticket", "forged_ticket"}
    assert not Scan.objects.exists()


@pytest.mark.both
def test_nonce_counts_at_its_own_event_only(event, ticket):
    other = make_reservation(make_event(), status="confirmed").tickets.get()
    assert read(event, ticket.code, "n-1") == ("admitted", "")
    assert read(other.event, other.code, "n-1") == ("admitted", "")


@pytest.mark.both
def test_conflict_can_be_settled_and_reopened(event, ticket):
    for nonce in ("n-1", "n-2"):
        read(event, ticket.code, nonce, let_in=True)
    [conflict] = Scan.objects.conflicts().open()
    scans.settle(conflict, by=event.organizer)
    assert not Scan.objects.conflicts().open().exists()
    scans.unsettle(conflict, by=event.organizer)
    assert [*Scan.objects.conflicts().open()] == [conflict]
    admitted = Scan.objects.get(nonce="n-1")
    with pytest.raises(Refused) as refusal:
        scans.settle(admitted, by=event.organizer)
    assert refusal.value.code == "no_conflict"


@pytest.mark.both
def test_scans_sent_ten_times_count_once(event):
    tickets = [make_reservation(event, status="confirmed").tickets.get() for _ in range(20)]
    for _ in range(10):
        for number, one in enumerate(tickets):
            assert read(event, one.code, f"n-{number}", let_in=True) == ("admitted", "")
    assert (inside(event), Scan.objects.count()) == (20, 20)
    assert Ticket.objects.exclude(checked_in_at=None).count() == 20


# --- The organizer's page -------------------------------------------------------------------------


def test_conflicts_page_shows_both_devices_and_settles(client, event, ticket):
    six = timezone.now() - timedelta(hours=2)
    for gate, minutes in (("Gate 1", 0), ("Gate 2", 5)):
        read(
            event,
            ticket.code,
            f"nonce of {gate}",
            at=six + timedelta(minutes=minutes),
            device=gate,
            let_in=True,
        )
    client.force_login(event.organizer)
    url = reverse("tickets:conflicts", args=[event.pk])
    [conflict] = Scan.objects.conflicts()
    card = words(only(client.get(url), f"//*[@id='scan-{conflict.pk}']"))
    assert all(part in card for part in ("Maja Wiśniewska", ticket.code, "Gate 1", "Gate 2"))
    client.post(reverse("tickets:settle", args=[conflict.pk]))
    assert "No conflicts" in client.get(url).text
    assert f"scan-{conflict.pk}" in client.get(url, {"show": "settled"}).text
    client.post(reverse("tickets:unsettle", args=[conflict.pk]))
    assert f"scan-{conflict.pk}" in client.get(url).text
