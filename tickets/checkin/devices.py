"""The devices of an event: how one is registered, named, heard of, and ended."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from eventflow.core import audit
from eventflow.core.errors import Refused
from events import services as event_services
from events.models import Event
from tickets.models import Device, Gate
from tickets.models.check_in import key_hash_of

# Over how many minutes a device's scans a minute are averaged.
RATE_MINUTES = 5
# How long after its last request a device counts as connected.
SILENCE_LIMIT = timedelta(minutes=2)
# The name of a scanner of the API that gives none.
API = "API"
# The highest number of waiting scans that is stored.
MOST_WAITING = 1_000_000
# How many devices the organizer's page shows.
MOST_SHOWN = 100


@dataclass(frozen=True)
class DeviceActivity:
    """A device and what it does now: its scans a minute, and whether it is connected."""

    device: Device
    rate: float
    is_connected: bool


@transaction.atomic
def register(
    event: Event, *, person: User | None = None, gate: Gate | None = None, called: str = ""
) -> Device:
    """Register a device that checks in at this event, for a person or by a gate's link.

    `called`: the name that the person at the gate entered. Refused: gate_closed.
    """
    event = event_services.lock(event.pk)
    if gate is not None and not Gate.objects.open().filter(pk=gate.pk, event=event).exists():
        raise Refused("gate_closed", _("This link has ended. Ask the organizer for a new one."))
    name = ", ".join(filter(None, [gate.name if gate else "", called or str(person or "")]))
    device = Device.objects.create(
        event=event, person=person, gate=gate, name=unused_name(event, name[:90])
    )
    if person is not None:
        event_services.mark_accepted(event, person)
    audit.record("device.arrive", event, by=person, device=device.pk, gate=gate and gate.pk)
    return device


def unused_name(event: Event, name: str) -> str:
    """Return the name, with a number after it where another device of this event has it.

    The caller holds the event's lock.
    """
    taken = set(event.devices.filter(name__startswith=name).values_list("name", flat=True))
    names = (name if number == 1 else f"{name} {number}" for number in range(1, len(taken) + 2))
    return next(free for free in names if free not in taken)


def scanner_name(event: int, name: str) -> str:
    """Return the name of a scanner of the API: its own, or with "(API)" if a device has it."""
    taken = name != API and Device.objects.filter(event=event, name=name).exists()
    return f"{name[:90]} ({API})" if taken else name


def new_key(device: Device) -> str:
    """Give the device a new key, by which its requests are known. Only its hash is stored."""
    key = secrets.token_urlsafe(32)
    Device.objects.filter(pk=device.pk).update(key_hash=key_hash_of(key))
    return key


@transaction.atomic
def assign_gate(device: Device, gate: Gate | None) -> None:
    """Move the device to another gate of the same event, or to none; its name says which."""
    event = event_services.lock(device.event_id)
    device.gate = gate
    name = ", ".join(filter(None, [gate.name if gate else "", str(device.person or "")]))
    device.name = unused_name(event, name[:90])
    device.save(update_fields=["gate", "name"])


@transaction.atomic
def end(device: Device, *, by: User | None) -> None:
    """End the device: scans of it that are made from now on don't count. Twice changes nothing."""
    if Device.objects.filter(pk=device.pk, ended_at=None).update(ended_at=timezone.now()):
        audit.record("device.end", device.event, by=by, device=device.pk)


@transaction.atomic
def log_out(device: Device) -> None:
    """End the device of a person who logs out.

    Its key is deleted too, unless scans wait on the device, which may still be sent for a day.
    """
    end(device, by=device.person)
    Device.objects.filter(pk=device.pk, waiting=0).update(key_hash=None)


@transaction.atomic
def revoke_keys_of(person: User) -> None:
    """End all devices of a person and delete their keys, as after a change of the password.

    In the caller's transaction.
    """
    own = Device.objects.filter(person=person)
    for device in own.exclude(key_hash=None).select_related("event"):
        end(device, by=person)
    own.update(key_hash=None)


def end_devices_of(person: User, event: Event, *, by: User | None) -> None:
    """End the devices of a person who is no longer door staff of the event.

    What they have read until now counts. In the caller's transaction.
    """
    own = Device.objects.filter(event=event, person=person, ended_at=None)
    for device in own.select_related("event"):
        end(device, by=by)


def note_contact(device: Device, *, sent: int, waiting: int, ready: bool) -> None:
    """Store that a device has sent a request: `sent` scans, while `waiting` more wait on it.

    `ready`: it has just passed its own test. Of a device that has ended only fewer waiting scans
    are stored.
    """
    now = timezone.now()
    if device.has_ended:
        facts: dict[str, Any] = {"waiting": max(0, min(waiting, device.waiting - sent))}
    else:
        facts = {"seen_at": now, "waiting": min(waiting, MOST_WAITING)}
        if ready:
            facts["ready_at"] = now
    Device.objects.filter(pk=device.pk).update(**facts)


def activities(event: Event) -> tuple[list[DeviceActivity], dict[str, float]]:
    """Return the activity of the event's devices, the last heard of first; two queries.

    The second value: the scans a minute of scanners that are no device of ours, by their names.
    """
    rates, connected_since = scans_per_minute(event), timezone.now() - SILENCE_LIMIT
    heard_of = event.devices.exclude(seen_at=None).select_related("gate", "person", "event")
    found = [
        DeviceActivity(
            device,
            rate=rates.pop(device.name, 0.0),
            is_connected=device.seen_at is not None and device.seen_at > connected_since,
        )
        for device in heard_of.order_by("-seen_at")[:MOST_SHOWN]
    ]
    return found, rates


def scans_per_minute(event: Event) -> dict[str, float]:
    """Return the scans a minute by the name of the device, of other scanners too."""
    recent = event.scans.filter(received__gte=timezone.now() - timedelta(minutes=RATE_MINUTES))
    counts = recent.order_by().values_list("device").annotate(count=Count("pk"))
    return {device: count / RATE_MINUTES for device, count in counts}
