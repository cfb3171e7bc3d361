"""The keys of devices of people with an account: when they end, and what is not cached."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts import access
from tests.support.check_in_devices import (
    backdate_devices,
    path_of,
    reading,
    register_device,
    send_readings,
)
from tests.support.factories import make_event, make_organizer
from tests.tickets.devices.phones import MINUTE, guests, inside, phone_of, verdict_of
from tickets.checkin import gates
from tickets.models import Device
from tickets.ticket import signature

pytestmark = pytest.mark.django_db


def test_device_key_ends_with_a_change_of_password(client, event, ticket):
    key = phone_of(client, event, event.organizer)
    assert (send_readings(key, event).json()["allowed"], guests(key, event).status_code) == (
        True,
        200,
    )
    access.change_password(event.organizer, "another long password")
    assert (
        send_readings(key, event, reading(ticket)).status_code,
        guests(key, event).status_code,
    ) == (401, 401)
    assert (inside(event), Device.objects.get().has_ended) == (0, True)
    again = phone_of(Client(), event, event.organizer)
    assert send_readings(again, event).json()["allowed"] is True


def test_device_key_ends_with_the_log_out(client, event):
    key = phone_of(client, event, event.organizer)
    elsewhere = phone_of(Client(), event, event.organizer)
    client.post(reverse("account_logout"))
    assert (send_readings(key, event).status_code, guests(key, event).status_code) == (401, 401)
    assert send_readings(elsewhere, event).json()["allowed"] is True, (
        "another phone of the same person"
    )


def test_device_key_outlives_the_log_out_for_waiting_scans(client, event, ticket):
    key = phone_of(client, event, event.organizer)
    backdate_devices(event)
    send_readings(key, event, waiting=1)
    client.post(reverse("account_logout"))
    assert guests(key, event).status_code == 403
    answer = send_readings(key, event, reading(ticket, ago=MINUTE), leaving=True)
    assert (verdict_of(answer), answer.json()["allowed"]) == (("admitted", "", False), False)
    assert inside(event) == 1
    assert send_readings(key, event).status_code == 401, "nothing waits any more"


def test_device_key_ends_when_the_phone_says_that_it_leaves(client, event, gate):
    key = register_device(client, gate)
    assert send_readings(key, event, leaving=True).json()["allowed"] is False
    assert send_readings(key, event).status_code == 401


def test_phone_with_the_same_name_at_another_event_gets_no_rights(
    client, gate, helper, event, ticket
):
    """The helper's own event has a gate and a phone that are called the same."""
    phone = Client()
    register_device(phone, gate, "Ann")
    phone.post(reverse("tickets:admit", args=[ticket.reservation_id]))
    elsewhere = make_event(organizer=make_organizer())
    client.force_login(helper)
    register_device(
        client, gates.add_gate(elsewhere, name=gate.name, by=elsewhere.organizer), "Ann"
    )
    assert len({*Device.objects.values_list("name", flat=True)}) == 1
    answer = client.post(
        reverse("tickets:undo_check_in", args=[ticket.reservation_id]), {"sure": "1"}
    )
    assert (answer.status_code, inside(event)) == (409, 1)


def test_pages_of_a_gate_phone_are_not_cached(client, gate, event, ticket):
    key = register_device(client, gate)
    shown = {
        "page": client.get(reverse("tickets:check_in", args=[event.pk])),
        "search": client.get(reverse("tickets:door_search", args=[event.pk]), {"q": "Łucja"}),
        "code": client.post(
            reverse("tickets:check_in", args=[event.pk]), {"code": signature.sign(ticket)}
        ),
        "key": client.post(reverse("tickets:device", args=[event.pk])),
        "link": Client().get(path_of(gate)),
        "readings": send_readings(key, event, reading(ticket)),
        "refused": send_readings("wrong", event, reading(ticket)),
    }
    private = {
        name: {*answer.headers.get("Cache-Control", "").split(", ")} >= {"private", "no-store"}
        for name, answer in shown.items()
    }
    assert private == dict.fromkeys(shown, True)


def test_event_page_without_a_session_may_be_cached(client, event):
    assert "Cache-Control" not in client.get(event.get_absolute_url())
