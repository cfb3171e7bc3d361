"""How much a phone may send, and which requests are refused as malformed."""

import json

import pytest
from django.test import Client
from django.urls import reverse

from events import services as event_services
from tests.support.check_in_devices import (
    path_of,
    reading,
    register_device,
    results_of,
    send_readings,
)
from tests.support.factories import make_reservation
from tests.tickets.devices.phones import verdict_of
from tickets.checkin import scans
from tickets.models import Device, Scan

pytestmark = pytest.mark.django_db


# --- Too much -------------------------------------------------------------------------------------


def test_foreign_codes_store_no_scan(client, gate, event):
    key = register_device(client, gate)
    for _ in range(3):
        nonsense = [
            {"nonce": f"n-{number}", "code": "A" * 138, "let_in": True} for number in range(100)
        ]
        assert set(results_of(send_readings(key, event, *nonsense))) == {"refused"}
    assert not Scan.objects.exists()


def test_open_conflicts_of_a_phone_have_a_limit(client, gate, event, ticket, monkeypatch):
    assert scans.MOST_OPEN_CONFLICTS == 500
    monkeypatch.setattr(scans, "MOST_OPEN_CONFLICTS", 3)
    key, neighbour = register_device(client, gate), register_device(Client(), gate, "Ewa")
    send_readings(neighbour, event, reading(ticket, "first"))
    answers = send_readings(
        key, event, *(reading(ticket, f"n-{number}") for number in range(5))
    ).json()["answers"]
    assert [(one["outcome"], one["kept"]) for one in answers] == [("already_used", True)] * 3 + [
        ("refused", False)
    ] * 2
    assert answers[-1]["reason"] == "too_many_conflicts"
    assert Scan.objects.conflicts().count() == 3
    assert (
        verdict_of(send_readings(neighbour, event, reading(ticket, "second")))[0] == "already_used"
    ), "each phone has its own"
    valid = make_reservation(event, status="confirmed").tickets.get()
    assert verdict_of(send_readings(key, event, reading(valid, "n-9"))) == ("admitted", "", True), (
        "a good ticket is let in all the same"
    )


@pytest.mark.both
def test_refused_scan_that_is_sent_again_is_one_conflict(client, gate, event, ticket):
    key = register_device(client, gate)
    event_services.cancel(event, by=event.organizer)
    assert [results_of(send_readings(key, event, reading(ticket))) for _ in range(3)] == [
        ["refused"]
    ] * 3
    assert Scan.objects.conflicts().count() == 1


def test_requests_of_a_phone_have_a_limit_a_minute(client, gate, event, monkeypatch):
    monkeypatch.setattr("tickets.views.checkin.phone.MOST_REQUESTS", 5)
    key, neighbour = register_device(client, gate), register_device(Client(), gate, "Ewa")
    answers = [send_readings(key, event) for _ in range(12)]
    assert {answer.status_code for answer in answers} == {200, 429}
    limited = answers[-1]
    assert (limited.json()["code"], limited["Retry-After"]) == ("too_many_attempts", "60")
    assert send_readings(neighbour, event).status_code == 200


def test_phones_of_a_gate_link_have_a_limit_a_minute(gate):
    answers = [Client().post(path_of(gate), {"called": "Eve"}).status_code for _ in range(60)]
    assert set(answers) == {302, 429}
    assert Device.objects.count() <= 40, "twenty, or twice as many where a minute began meanwhile"


# --- What makes no sense --------------------------------------------------------------------------


@pytest.mark.both
@pytest.mark.parametrize(
    "body",
    [
        '{"readings": [], "waiting": 1e999}',
        '{"readings": [], "waiting": "many"}',
        '{"readings": ' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"a":' * 50_000 + "1" + "}" * 50_000,
        json.dumps({"readings": [{"nonce": "\ud800", "code": "x"}]}),
        json.dumps({"readings": [{"nonce": "a\x00b", "code": "x"}]}),
        json.dumps({"readings": [{"nonce": ["n"] * 99, "code": "x"}]}),
    ],
    ids=["endless", "words", "deep lists", "deep objects", "half a character", "null", "no text"],
)
def test_malformed_request_of_a_phone_is_refused(client, gate, event, body):
    key = register_device(client, gate)
    address = reverse("tickets:readings", args=[event.pk])
    answer = Client().post(
        address, body, content_type="application/json", headers={"X-Door-Key": key}
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_reading")


@pytest.mark.both
def test_code_with_half_a_character_is_no_ticket(client, gate, event):
    key = register_device(client, gate)
    assert verdict_of(
        send_readings(key, event, {"nonce": "n-1", "code": "\ud800", "let_in": True})
    ) == ("refused", "not_a_ticket", False)


SINCE = [
    "2026-13-45T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59-14:00",
    "2026-11-30T00:00:00",
    "yesterday",
]


@pytest.mark.both
@pytest.mark.parametrize("since", SINCE)
def test_offline_list_since_an_impossible_time_is_refused(client, gate, event, since):
    key = register_device(client, gate)
    answer = Client().get(
        reverse("tickets:guest_list", args=[event.pk]),
        {"since": since},
        headers={"X-Door-Key": key},
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_time")
