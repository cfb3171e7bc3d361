"""Gates and the phones that register_device there: what a link opens and for how long, and what becomes of readings whose phone has to go."""

import base64
import json
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from eventflow.core.errors import Refused
from events import services as event_services
from events.models import DoorStaff, Event
from tests.support.check_in_devices import (
    backdate_devices,
    path_of,
    reading,
    register_device,
    results_of,
    send_readings,
)
from tests.support.factories import make_event, make_person, make_reservation
from tests.support.markup import all_words
from tickets.checkin import devices, gates
from tickets.models import Device, Scan
from tickets.queue import invariants, registration
from tickets.ticket import signature

pytestmark = pytest.mark.django_db


@pytest.fixture
def event():
    return make_event()


@pytest.fixture
def ticket(event):
    return make_reservation(event, make_person("Łucja Żółć"), status="confirmed").tickets.get()


@pytest.fixture
def gate(event):
    return gates.add_gate(event, name="Entrance A", by=event.organizer)


def inside(event):
    assert list(invariants.violations()) == []
    return Event.objects.get(pk=event.pk).checked_in_count


# --- A gate's link ----------------------------------------------------------------------------------------------------


def test_gate_link_does_nothing_until_its_button_opens_this_gate(client, gate, event):
    other = make_event(organizer=event.organizer)
    assert "Entrance A" in client.get(path_of(gate)).content.decode()
    assert not Device.objects.exists()
    register_device(client, gate)
    assert Device.objects.get().name == "Entrance A, Kuba"
    opened = [
        client.get(reverse(f"tickets:{page}", args=[event.pk])).status_code
        for page in ("check_in", "door_search", "ready")
    ]
    closed = [
        client.get(reverse(f"tickets:{page}", args=[other.pk])).status_code
        for page in ("check_in", "door_search", "ready")
    ]
    panel = client.get(reverse("events:live", args=[event.pk]))
    assert (opened, closed, panel.status_code) == ([200] * 3, [404] * 3, 302)


@pytest.mark.parametrize("end", ["revoked", "over", "phone ended"])
def test_gate_link_and_its_phones_end_together(client, gate, event, ticket, end):
    key = register_device(client, gate)
    if end == "revoked":
        gates.revoke_gate(gate, by=event.organizer)
    elif end == "over":
        Event.objects.filter(pk=event.pk).update(
            start_time=timezone.now() - timedelta(hours=4),
            end_time=timezone.now() - timedelta(minutes=1),
        )
    else:
        devices.end(Device.objects.get(), by=event.organizer)
    assert client.get(reverse("tickets:check_in", args=[event.pk])).status_code == 404
    assert client.post(reverse("tickets:admit", args=[ticket.reservation_id])).status_code == 404
    answer = send_readings(key, event, reading(ticket, let_in=False))
    assert (results_of(answer), answer.json()["allowed"]) == (["refused"], False)
    assert (
        Client()
        .get(reverse("tickets:guest_list", args=[event.pk]), headers={"X-Door-Key": key})
        .status_code
        == 403
    )
    assert client.post(path_of(gate), {"called": "Eve"}).status_code == (
        410 if end != "phone ended" else 302
    )
    assert inside(event) == 0


def test_gate_phones_of_one_name_get_different_names(gate, event):
    names = [devices.register(event, gate=gate, called="Kuba").name for _ in range(3)]
    assert names == ["Entrance A, Kuba", "Entrance A, Kuba 2", "Entrance A, Kuba 3"]


def test_cancelled_event_gets_no_gate(client, event):
    event_services.cancel(event, by=event.organizer)
    client.force_login(event.organizer)
    url = reverse("tickets:doors", args=[event.pk])
    assert "Add gate" not in client.get(url).text
    assert "This event is cancelled." in client.post(url, {"name": "Entrance B"}).text
    assert not event.gates.filter(name="Entrance B").exists()


def test_two_gates_of_one_name_are_refused(gate, event):
    with pytest.raises(Refused) as refusal:
        gates.add_gate(event, name="Entrance A", by=event.organizer)
    assert refusal.value.code == "gate_exists"
    gates.revoke_gate(gate, by=event.organizer)
    assert gates.add_gate(event, name="Entrance A", by=event.organizer).is_open


def test_altered_gate_link_is_refused(client, gate):
    altered = path_of(gate)[:-2] + "x/"
    assert client.get(altered).status_code == 404


# --- Readings ---------------------------------------------------------------------------------------------------------


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


def test_scan_answer_says_who_and_when(client, gate, event, ticket):
    key = register_device(client, gate)
    answers = send_readings(
        key, event, reading(ticket, "n-1"), reading(ticket, "n-2", let_in=False)
    ).json()["answers"]
    assert [one["guest"] for one in answers] == ["Łucja Żółć"] * 2
    assert answers[1]["by"] == "Entrance A, Kuba"
    assert answers[1]["entered"]


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


def test_offline_admission_at_a_cancelled_event_is_a_conflict(client, gate, event, ticket):
    key = register_device(client, gate)
    event_services.cancel(event, by=event.organizer)
    assert results_of(send_readings(key, event, reading(ticket))) == ["refused"]
    assert Scan.objects.conflicts().get().reason == "event_cancelled"


def test_offline_admission_after_a_refusal_is_a_conflict(client, gate, event, ticket):
    """The phone asked, heard nothing, and opened the door by itself: the server had already refused."""
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


# --- The list for when there is no network ----------------------------------------------------------------------------


def opened(ticket, entries):
    """What the phone reads of this ticket's entry, with nothing but the code that it was shown."""
    secret = signature.decode(signature.sign(ticket))[22:]
    derived = HKDF(algorithm=SHA256(), length=48, salt=b"", info=b"eventflow door entry").derive(
        secret
    )
    sealed = base64.b64decode(dict(entries)[base64.b64encode(derived[:16]).decode()])
    return json.loads(AESGCM(derived[16:]).decrypt(sealed[:12], sealed[12:], derived[:16]))


def fetched(key, event, **query):
    return Client().get(
        reverse("tickets:guest_list", args=[event.pk]), query, headers={"X-Door-Key": key}
    )


def test_offline_list_names_nobody(client, gate, event, ticket):
    key, other = (
        register_device(client, gate),
        make_reservation(event, status="confirmed").tickets.get(),
    )
    registration.cancel(other.reservation, by=other.reservation.person)
    answer = fetched(key, event)
    assert not {"Łucja", "Żółć", ticket.code, ticket.reservation.person.email} & set(
        json.dumps(answer.json(), ensure_ascii=False).split('"')
    )
    entries = answer.json()["entries"]
    assert opened(ticket, entries) == {"guest": "Łucja Żółć", "code": ticket.code}
    assert opened(other, entries)["void"] == "The guest cancelled this reservation."


def test_offline_list_brings_the_changes(client, gate, event, ticket, monkeypatch):
    key = register_device(client, gate)
    type(ticket).objects.update(changed=timezone.now() - timedelta(hours=1))
    since = fetched(key, event).json()["at"]
    assert fetched(key, event, since=since).json()["entries"] == []
    send_readings(key, event, reading(ticket))
    [entry] = fetched(key, event, since=since).json()["entries"]
    assert opened(ticket, [entry])["by"] == "Entrance A, Kuba"


def test_offline_list_comes_in_pages(client, gate, event, ticket, monkeypatch):
    monkeypatch.setattr("tickets.checkin.offline_list.PER_PAGE", 1)
    key, second = (
        register_device(client, gate),
        make_reservation(event, status="confirmed").tickets.get(),
    )
    first = fetched(key, event).json()
    rest = fetched(key, event, after=first["next"]).json()
    assert opened(ticket, first["entries"])["code"] == ticket.code
    assert opened(second, rest["entries"])["code"] == second.code


# --- The panel --------------------------------------------------------------------------------------------------------


def test_panel_shows_the_phones_with_last_contact_and_rate(client, gate, event, ticket):
    key = register_device(Client(), gate)
    send_readings(key, event, reading(ticket), waiting=3, ready=True)
    client.force_login(event.organizer)
    page = " ".join(all_words(client.get(reverse("tickets:doors", args=[event.pk])), "//main"))
    for part in (
        "Entrance A, Kuba",
        "There now",
        "Scans a minute: 0.2",
        "Waiting to be sent: 3",
        "Tested: ready",
    ):
        assert part in page
    Device.objects.update(seen_at=timezone.now() - timedelta(minutes=10))
    assert "Last heard of 10" in " ".join(
        all_words(client.get(reverse("tickets:doors", args=[event.pk])), "//main")
    )


def test_door_staff_choose_their_gate(client, gate, event):
    client.force_login(event.organizer)
    client.post(reverse("tickets:device", args=[event.pk]))
    client.post(reverse("tickets:ready", args=[event.pk]), {"gate": gate.pk})
    assert Device.objects.get().name == f"Entrance A, {event.organizer}"
    client.post(reverse("tickets:ready", args=[event.pk]), {"gate": "nonsense"})
    assert Device.objects.get().gate is None


def test_offline_list_says_how_many_tickets_are_valid(client, gate, event, ticket):
    key, other = (
        register_device(client, gate),
        make_reservation(event, status="confirmed").tickets.get(),
    )
    registration.cancel(other.reservation, by=other.reservation.person)
    answer = fetched(key, event).json()
    assert (len(answer["entries"]), answer["valid"]) == (2, 1)
