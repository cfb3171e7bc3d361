"""Registers the phones of people, and reads the answers to their scans."""

from datetime import timedelta
from typing import Any

from django.test import Client
from django.urls import reverse

from accounts.models import User
from events.models import Event
from tickets.queue import invariants

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def phone_of(client: Client, event: Event, person: User) -> str:
    """Register a phone of this person. Returns its key."""
    client.force_login(person)
    return client.post(reverse("tickets:device", args=[event.pk])).json()["key"]


def inside(event: Event) -> int:
    assert list(invariants.violations()) == []
    return Event.objects.get(pk=event.pk).checked_in_count


def verdict_of(answer: Any) -> tuple[str, str, bool]:
    """Return (outcome, reason, whether a name was told) of the one scan."""
    [one] = answer.json()["answers"]
    return one["outcome"], one.get("reason", ""), "guest" in one


def guests(key: str, event: Event) -> Any:
    return Client().get(reverse("tickets:guest_list", args=[event.pk]), headers={"X-Door-Key": key})
