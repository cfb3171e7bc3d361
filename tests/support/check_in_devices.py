"""Devices at the check-in, which send what the script of the check-in page sends."""

import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from events.models import Event
from tickets.models import Device, Gate, Ticket
from tickets.ticket import links, signature


def path_of(gate: Gate) -> str:
    """The path of the gate's own link."""
    return urlsplit(links.gate_url(gate)).path


def register_device(client: Client, gate: Gate, called: str = "Kuba") -> str:
    """Open the gate's link with this name, then register the device. Returns the device's key."""
    assert client.post(path_of(gate), {"called": called}).status_code == 302
    return client.post(reverse("tickets:device", args=[gate.event_id])).json()["key"]


def send_readings(key: str, event: Event, *readings: Any, **facts: Any) -> Any:
    """Send these readings, and facts about the device, from a browser without a session."""
    body = json.dumps({"readings": readings, **facts})
    address = reverse("tickets:readings", args=[event.pk])
    return Client().post(
        address, body, content_type="application/json", headers={"X-Door-Key": key}
    )


def reading(
    ticket: Ticket, nonce: str = "n-1", *, ago: timedelta = timedelta(0), let_in: bool = True
) -> dict[str, Any]:
    """What a device sends about one scan of this ticket's code."""
    code, at = signature.sign(ticket), milliseconds(timezone.now() - ago)
    return {"nonce": nonce, "code": code, "at": at, "let_in": let_in}


def milliseconds(time: datetime) -> str:
    """This time as JavaScript's `toISOString` writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def results_of(answer: Any) -> list[str]:
    """The result of each reading, in the order in which they were sent."""
    assert answer.status_code == 200, answer.content
    return [one["outcome"] for one in answer.json()["answers"]]


def backdate_devices(event: Event, *, ago: timedelta = timedelta(hours=1)) -> None:
    """Let the event's devices have begun so long ago, and not have been heard from since."""
    Device.objects.filter(event=event).update(started=timezone.now() - ago, seen_at=None)
