"""Gates and their links: what a link opens, how long, and what the panel shows of its phones."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from eventflow.core.errors import Refused
from events import services as event_services
from events.models import Event
from tests.support.check_in_devices import (
    path_of,
    reading,
    register_device,
    results_of,
    send_readings,
)
from tests.support.factories import make_event
from tests.support.markup import all_words
from tests.tickets.devices.phones import inside
from tickets.checkin import devices, gates
from tickets.models import Device

pytestmark = pytest.mark.django_db


# --- A gate's link --------------------------------------------------------------------------------


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


# --- The panel ------------------------------------------------------------------------------------


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
