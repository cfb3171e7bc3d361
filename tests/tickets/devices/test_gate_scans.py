"""Scans of the phones of a gate: what counts, and what becomes a conflict."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from events import services as event_services
from events.models import DoorStaff
from tests.support.check_in_devices import (
    backdate_devices,
    reading,
    register_device,
    results_of,
    send_readings,
)
from tests.support.factories import make_event, make_person, make_reservation
from tests.tickets.devices.phones import inside
from tickets.checkin import gates
from tickets.models import Device, Scan

pytestmark = pytest.mark.django_db


@pytest.mark.both
def test_gate_phone_sends_scans_without_a_session_any_number_of_times(client, gate, event, ticket):
    key = register_device(client, gate)
    backdate_devices(event)
    client.logout()
    said = reading(ticket, ago=timedelta(minutes=20))
    assert [results_of(send_readings(key, event, said)) for _ in range(3)] == [["admitted"]] * 3
    assert results_of(send_readings(key, event, reading(ticket, "n-2", let_in=False))) == [
        "already_used"
    ]
    ticket.refresh_from_db()
    assert (ticket.checked_in_device, ticket.checked_in_by) == ("Entrance A, Kuba", None)
    assert timezone.now() - ticket.checked_in_at > timedelta(minutes=19)
    assert inside(event) == 1


def test_answer_has_the_old_names_of_the_outcomes_for_pages_loaded_before(
    client, gate, event, ticket
):
    key = register_device(client, gate)
    answers = send_readings(
        key,
        event,
        reading(ticket, "n-1"),
        reading(ticket, "n-2", let_in=False),
        {"nonce": "n-3", "code": "no ticket"},
        {"nonce": "n-1", "undo": True},
    ).json()["answers"]
    assert [(one["outcome"], one["result"]) for one in answers] == [
        ("admitted", "ok"),
        ("already_used", "used"),
        ("refused", "invalid"),
        ("undone", "back"),
    ]


def test_scan_answer_says_who_and_when(client, gate, event, ticket):
    key = register_device(client, gate)
    answers = send_readings(
        key, event, reading(ticket, "n-1"), reading(ticket, "n-2", let_in=False)
    ).json()["answers"]
    assert [one["guest"] for one in answers] == ["Łucja Żółć"] * 2
    assert answers[1]["by"] == "Entrance A, Kuba"
    assert answers[1]["entered"]


@pytest.mark.both
def test_scan_before_the_link_ended_counts_and_a_later_one_is_a_conflict(
    client, gate, event, ticket
):
    key = register_device(client, gate)
    backdate_devices(event)
    late = make_reservation(event, status="confirmed").tickets.get()
    gates.revoke_gate(gate, by=event.organizer)
    answer = send_readings(
        key, event, reading(ticket, "n-1", ago=timedelta(minutes=5)), reading(late, "n-2")
    )
    assert results_of(answer) == ["admitted", "refused"]
    [conflict] = Scan.objects.conflicts()
    assert (conflict.reason, conflict.ticket, inside(event)) == ("no_longer_allowed", late, 1)


def test_removed_door_staff_lose_no_scan(client, event, ticket):
    kuba = make_person("Kuba Drzwi")
    staff = event_services.add_door_staff(event, email=kuba.email, by=event.organizer)
    client.force_login(kuba)
    key = client.post(reverse("tickets:device", args=[event.pk])).json()["key"]
    backdate_devices(event)
    late = make_reservation(event, status="confirmed").tickets.get()
    event_services.remove_door_staff(DoorStaff.objects.get(pk=staff.pk), by=event.organizer)
    assert results_of(
        send_readings(
            key, event, reading(ticket, "n-1", ago=timedelta(minutes=5)), reading(late, "n-2")
        )
    ) == ["admitted", "refused"]
    assert Scan.objects.conflicts().get().ticket == late
    ticket.refresh_from_db()
    assert ticket.checked_in_by == kuba


@pytest.mark.both
def test_offline_admission_at_a_cancelled_event_is_a_conflict(client, gate, event, ticket):
    key = register_device(client, gate)
    event_services.cancel(event, by=event.organizer)
    assert results_of(send_readings(key, event, reading(ticket))) == ["refused"]
    assert Scan.objects.conflicts().get().reason == "event_cancelled"


@pytest.mark.both
def test_offline_admission_after_a_refusal_is_a_conflict(client, gate, event, ticket):
    """The phone got no answer and admitted the guest by itself; the server had refused."""
    key = register_device(client, gate)
    send_readings(key, event, reading(ticket, "other phone"))
    assert results_of(send_readings(key, event, reading(ticket, "n-1", let_in=False))) == [
        "already_used"
    ]
    assert not Scan.objects.conflicts().exists()
    assert results_of(send_readings(key, event, reading(ticket, "n-1", let_in=True))) == [
        "already_used"
    ]
    assert Scan.objects.conflicts().get().nonce == "n-1"


@pytest.mark.both
def test_scan_is_undone_once_and_by_its_own_phone(client, gate, event, ticket):
    key, other = register_device(client, gate), register_device(Client(), gate, "Ewa")
    send_readings(key, event, reading(ticket, "n-1"))
    assert results_of(send_readings(other, event, {"nonce": "n-1", "undo": True})) == ["refused"]
    assert results_of(
        send_readings(key, event, {"nonce": "n-1", "undo": True}, {"nonce": "n-1", "undo": True})
    ) == ["undone", "refused"]
    assert inside(event) == 0
    assert results_of(send_readings(other, event, reading(ticket, "n-2"))) == ["admitted"]
    assert results_of(send_readings(key, event, {"nonce": "n-1", "undo": True})) == ["refused"], (
        "that is another admission"
    )
    assert inside(event) == 1


@pytest.mark.both
@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{}",
        '{"readings": 5}',
        '{"readings": [5]}',
        '{"readings": [{}]}',
        '{"readings": [], "waiting": -1}',
    ],
)
def test_malformed_scans_are_refused_and_not_stored(client, gate, event, body):
    key = register_device(client, gate)
    answer = Client().post(
        reverse("tickets:readings", args=[event.pk]),
        body,
        content_type="application/json",
        headers={"X-Door-Key": key},
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_reading")
    assert not Scan.objects.exists()


def test_device_key_of_another_event_or_an_old_one_is_refused(client, gate, event, ticket):
    other = make_event(organizer=event.organizer)
    foreign = register_device(Client(), gates.add_gate(other, name="B", by=event.organizer))
    old = register_device(client, gate)
    new = client.post(reverse("tickets:device", args=[event.pk])).json()["key"]
    assert [
        send_readings(key, event, reading(ticket)).status_code
        for key in ("", "x", foreign, old, new)
    ] == [401] * 4 + [200]
    assert Device.objects.filter(event=event).count() == 1
