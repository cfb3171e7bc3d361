"""What a phone may still do after its gate, its key or its person was revoked."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from events import services as event_services
from events.models import DoorStaff, Event
from tests.support.check_in_devices import backdate_devices, reading, register_device, send_readings
from tests.support.factories import make_reservation
from tests.tickets.devices.phones import DAY, MINUTE, guests, inside, phone_of, verdict_of
from tickets.checkin import devices, gates
from tickets.models import Device

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["gate revoked", "phone ended", "helper removed"])
def gone(request, client, event, gate, helper, ticket, other):
    """The key of a phone that scanned one ticket, has no scan to send, and was then revoked."""
    key = (
        phone_of(client, event, helper)
        if request.param == "helper removed"
        else register_device(client, gate)
    )
    Device.objects.update(started=timezone.now() - timedelta(hours=1))
    assert verdict_of(send_readings(key, event, reading(other, "mine"))) == ("admitted", "", True)
    if request.param == "gate revoked":
        gates.revoke_gate(gate, by=event.organizer)
    elif request.param == "phone ended":
        devices.end(Device.objects.get(), by=event.organizer)
    else:
        event_services.remove_door_staff(DoorStaff.objects.get(), by=event.organizer)
    return key


@pytest.mark.parametrize(
    "ago", [timedelta(0), timedelta(seconds=10), timedelta(minutes=30), 21 * DAY], ids=str
)
def test_revoked_phone_admits_nobody_at_any_claimed_time(gone, event, ticket, ago):
    result, reason, named = verdict_of(send_readings(gone, event, reading(ticket, "late", ago=ago)))
    assert (result, named) == ("refused", False)
    assert reason == "no_longer_allowed"
    assert inside(event) == 1


def test_revoked_phone_admits_nobody_by_claiming_the_year_one(gone, event, ticket, other):
    for code, nonce in ((ticket, "n-1"), (other, "n-2")):
        claimed = reading(code, nonce) | {"at": "0001-01-01T00:00:00Z"}
        result, _reason, named = verdict_of(send_readings(gone, event, claimed))
        assert (result, named) == ("refused", False)
    assert inside(event) == 1


@pytest.mark.parametrize("ago", [timedelta(0), timedelta(seconds=10), 2 * DAY], ids=str)
def test_revoked_phone_gets_no_name_of_a_used_ticket(gone, event, other, ago):
    assert verdict_of(
        send_readings(gone, event, reading(other, "late", ago=ago, let_in=False))
    ) == ("refused", "no_longer_allowed", False)


def test_revoked_phone_undoes_nothing(gone, event):
    answer = send_readings(gone, event, {"nonce": "mine", "undo": True})
    assert verdict_of(answer) == ("refused", "no_longer_allowed", False)
    assert (inside(event), answer.json()["allowed"]) == (1, False)


def test_revoked_phone_cannot_claim_waiting_scans_afterwards(gone, event, ticket):
    """It says only now that scans wait on it: when it was last heard of, none did."""
    send_readings(gone, event, waiting=1000)
    assert verdict_of(send_readings(gone, event, reading(ticket, "late", ago=MINUTE))) == (
        "refused",
        "no_longer_allowed",
        False,
    )
    assert inside(event) == 1


def test_waiting_scans_of_a_revoked_phone_count_for_a_day_and_name_nobody(
    client, gate, event, ticket, other
):
    key = register_device(client, gate)
    backdate_devices(event)
    send_readings(key, event, waiting=2)
    gates.revoke_gate(gate, by=event.organizer)
    assert verdict_of(
        send_readings(key, event, reading(ticket, "n-1", ago=5 * MINUTE), waiting=1)
    ) == ("admitted", "", False)
    assert verdict_of(send_readings(key, event, reading(other, "n-2", ago=4 * MINUTE))) == (
        "admitted",
        "",
        False,
    )
    assert inside(event) == 2
    third = make_reservation(event, status="confirmed").tickets.get()
    assert verdict_of(send_readings(key, event, reading(third, "n-3", ago=3 * MINUTE))) == (
        "refused",
        "no_longer_allowed",
        False,
    )


def test_offline_scans_between_the_last_contact_and_the_revocation_count(
    client, gate, event, ticket
):
    key = register_device(client, gate)
    backdate_devices(event)
    Device.objects.update(seen_at=timezone.now() - 20 * MINUTE)
    gates.revoke_gate(gate, by=event.organizer)
    assert verdict_of(send_readings(key, event, reading(ticket, ago=10 * MINUTE))) == (
        "admitted",
        "",
        False,
    )


@pytest.mark.parametrize("what", ["gate", "helper"])
def test_device_key_expires_a_day_after_its_revocation(client, gate, helper, event, ticket, what):
    key = register_device(client, gate) if what == "gate" else phone_of(client, event, helper)
    backdate_devices(event, ago=3 * DAY)
    if what == "gate":
        type(gate).objects.update(revoked_at=timezone.now() - DAY - MINUTE)
    else:
        Device.objects.update(ended_at=timezone.now() - DAY - MINUTE)
    assert send_readings(key, event, reading(ticket, ago=DAY - MINUTE)).status_code == 401
    assert inside(event) == 0


@pytest.mark.parametrize("what", ["gate", "organizer"])
def test_device_key_expires_a_day_after_the_event(client, gate, event, what):
    key = (
        register_device(client, gate)
        if what == "gate"
        else phone_of(client, event, event.organizer)
    )
    over = timezone.now() - DAY
    Event.objects.update(start_time=over - timedelta(hours=3), end_time=over + MINUTE)
    assert send_readings(key, event).json()["allowed"] is (what == "organizer")
    Event.objects.update(end_time=over - MINUTE)
    assert (send_readings(key, event).status_code, guests(key, event).status_code) == (401, 401)
    answer = client.post(reverse("tickets:device", args=[event.pk]))
    assert answer.status_code == (404 if what == "gate" else 403)


def test_scan_from_before_the_phone_was_registered_is_refused(client, gate, event, other):
    key = register_device(client, gate)
    send_readings(key, event, reading(other, "n-1"))
    assert verdict_of(
        send_readings(key, event, reading(other, "n-2", ago=DAY / 2, let_in=False))
    ) == ("refused", "impossible_time", False)


def test_waiting_scans_are_sent_after_the_person_logs_in_again(client, event, helper, ticket):
    phone_of(client, event, helper)
    backdate_devices(event)
    client.logout()
    key = phone_of(client, event, helper)
    assert Device.objects.count() == 2
    assert verdict_of(send_readings(key, event, reading(ticket, ago=10 * MINUTE))) == (
        "admitted",
        "",
        True,
    )
