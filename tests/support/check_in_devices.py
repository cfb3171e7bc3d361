"""Phones at a door, as the script of the check-in page speaks for them."""

import json
from datetime import timedelta

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tickets.models import Device
from tickets.ticket import links, signature


def path_of(gate):
    return links.gate_url(gate).partition("//")[2].partition("/")[2].join(["/", ""])


def stand(client, gate, called="Kuba"):
    """A phone that came by the gate's link, as the page introduces it: its key."""
    assert client.post(path_of(gate), {"called": called}).status_code == 302
    return client.post(reverse("tickets:device", args=[gate.event_id])).json()["key"]


def tell(key, event, *readings, **facts):
    """What a phone sends, from a browser without any session."""
    body = json.dumps({"readings": readings, **facts})
    address = reverse("tickets:readings", args=[event.pk])
    return Client().post(
        address, body, content_type="application/json", headers={"X-Door-Key": key}
    )


def reading(ticket, nonce="n-1", *, ago=timedelta(0), let_in=True):
    at = (timezone.now() - ago).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    return {"nonce": nonce, "code": signature.sign(ticket), "at": at, "let_in": let_in}


def results(answer):
    assert answer.status_code == 200, answer.content
    return [one["result"] for one in answer.json()["answers"]]


def been_there(event, *, ago=timedelta(hours=1)):
    """Its phones came so long ago, and have not been heard of since."""
    Device.objects.filter(event=event).update(started=timezone.now() - ago, seen_at=None)
