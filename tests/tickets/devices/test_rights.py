"""What a phone may not do in the name of another device or without an account."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.eventflow.api.clients import Api, data, refused
from tests.support.check_in_devices import reading, register_device, send_readings
from tests.tickets.devices.phones import inside, verdict_of
from tickets.models import Device, Scan
from tickets.ticket import signature

pytestmark = pytest.mark.django_db


def test_nonce_of_another_phone_gives_no_answer_and_no_conflict(client, gate, event, ticket, other):
    mine, theirs = register_device(client, gate), register_device(Client(), gate, "Ewa")
    send_readings(theirs, event, reading(ticket, "n-1", let_in=False))
    for code in (ticket, other):
        assert verdict_of(send_readings(mine, event, reading(code, "n-1"))) == (
            "refused",
            "nonce_taken",
            False,
        )
    assert not Scan.objects.conflicts().exists()
    assert inside(event) == 1


def test_gate_phone_undoes_no_check_in_of_another_device(client, gate, event, ticket):
    data(Api(event.organizer).post(f"/reservations/{ticket.reservation_id}/check-in/"))
    register_device(client, gate)
    answer = client.post(
        reverse("tickets:undo_check_in", args=[ticket.reservation_id]), {"sure": "1"}
    )
    assert (answer.status_code, inside(event)) == (409, 1)
    search = client.get(reverse("tickets:door_search", args=[event.pk]), {"q": "Łucja"}).text
    assert "Łucja" in search and "Undo" not in search


def test_gate_phone_undoes_its_own_check_in(client, gate, event, ticket):
    register_device(client, gate)
    client.post(reverse("tickets:admit", args=[ticket.reservation_id]))
    assert inside(event) == 1
    client.post(reverse("tickets:undo_check_in", args=[ticket.reservation_id]), {"sure": "1"})
    assert inside(event) == 0


def test_scanner_with_the_name_of_a_phone_gets_no_right_of_it(client, gate, helper, event, ticket):
    """A scanner of the API has the name of a phone: neither may undo a check-in of the other."""
    register_device(client, gate)
    name = Device.objects.get().name
    path = f"/reservations/{ticket.reservation_id}/check-in/"
    told = data(Api(helper).post(path, {"device": name, "nonce": "n-1"}))
    assert told["checked_in_by"] == f"{name} (API), {helper}"
    assert (
        client.post(
            reverse("tickets:undo_check_in", args=[ticket.reservation_id]), {"sure": "1"}
        ).status_code
        == 409
    )
    data(Api(event.organizer).post(f"{path}undo/"))
    client.post(reverse("tickets:admit", args=[ticket.reservation_id]))
    assert refused(Api(helper).post(f"{path}undo/")) == (403, "other_device")
    assert inside(event) == 1


def test_undo_over_the_api_is_for_the_same_device_and_the_organizer(event, helper, ticket):
    path = f"/reservations/{ticket.reservation_id}/check-in/"
    staff, organizer = Api(helper), Api(event.organizer)
    assert refused(staff.post(f"{path}undo/")) == (400, "not_checked_in")
    for caller in (staff, organizer):
        data(staff.post(path))
        undone = data(caller.post(f"{path}undo/"))
        assert undone == {
            "reservation_id": ticket.reservation_id,
            "checked_in": False,
            "checked_in_at": None,
        }
        assert inside(event) == 0
    data(organizer.post(f"/reservations/{signature.sign(ticket)}/check-in/"))
    assert refused(staff.post(f"{path}undo/")) == (403, "other_device")
    assert refused(Api(ticket.reservation.person).post(f"{path}undo/")) == (403, "forbidden")
    assert inside(event) == 1


def test_gate_phone_gets_no_codes_in_the_search(client, gate, event, ticket):
    search = reverse("tickets:door_search", args=[event.pk])
    register_device(client, gate)
    assert ticket.code not in client.get(search, {"q": "Łucja"}).text
    for typed in (ticket.code[:2], ticket.code[:8]):
        assert "Łucja" not in client.get(search, {"q": typed}).text, (
            "letter by letter it would learn them all"
        )
    assert "Łucja" in client.get(search, {"q": ticket.code}).text
    client.force_login(event.organizer)
    assert ticket.code in client.get(search, {"q": "Łucja"}).text
