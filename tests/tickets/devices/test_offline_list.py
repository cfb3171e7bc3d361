"""The offline list of tickets, as a phone fetches and opens it."""

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

from tests.support.check_in_devices import reading, register_device, send_readings
from tests.support.factories import make_reservation
from tickets.queue import registration
from tickets.ticket import signature

pytestmark = pytest.mark.django_db


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


def test_offline_list_says_how_many_tickets_are_valid(client, gate, event, ticket):
    key, other = (
        register_device(client, gate),
        make_reservation(event, status="confirmed").tickets.get(),
    )
    registration.cancel(other.reservation, by=other.reservation.person)
    answer = fetched(key, event).json()
    assert (len(answer["entries"]), answer["valid"]) == (2, 1)
