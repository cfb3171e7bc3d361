"""The phones at a door: how one comes to stand there, what it read, and when it has to go."""

import secrets
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
from tickets.models.doors import key_hash_of

# Over how long a device's scans a minute are counted, in minutes; and for how long after its last word it counts as there.
RATE_MINUTES, SILENCE_LIMIT = 5, timedelta(minutes=2)
# What a scanner of the API is called that has no name.
API = "API"
# As many waiting scans as a device can tell of.
MOST_WAITING = 1_000_000


@transaction.atomic
def register(
    event: Event, *, person: User | None = None, gate: Gate | None = None, called: str = ""
) -> Device:
    """A phone begins to stand at this door: with its person's own right, or by a gate's link. Refused: gate_closed."""
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
    """The name, with a number behind it where another phone of this event has it. The caller holds the event's lock."""
    taken = set(event.devices.filter(name__startswith=name).values_list("name", flat=True))
    names = (name if number == 1 else f"{name} {number}" for number in range(1, len(taken) + 2))
    return next(free for free in names if free not in taken)


def scanner_name(event: int, said: str) -> str:
    """What a scanner of the API is called: as it says, but never like a phone that stands at this door."""
    taken = said != API and Device.objects.filter(event=event, name=said).exists()
    return f"{said[:90]} ({API})" if taken else said


def new_key(device: Device) -> str:
    """What the phone says who it is with from now on. We keep its hash only."""
    key = secrets.token_urlsafe(32)
    Device.objects.filter(pk=device.pk).update(key_hash=key_hash_of(key))
    return key


@transaction.atomic
def assign_gate(device: Device, gate: Gate | None) -> None:
    """Its person now stands at another gate of the same event."""
    event = event_services.lock(device.event_id)
    device.gate = gate
    device.name = unused_name(
        event, ", ".join(filter(None, [gate.name if gate else "", str(device.person or "")]))[:90]
    )
    device.save(update_fields=["gate", "name"])


@transaction.atomic
def end(device: Device, *, by: User | None) -> None:
    """What it reads from now on no longer counts. Twice changes nothing."""
    if Device.objects.filter(pk=device.pk, ended_at=None).update(ended_at=timezone.now()):
        audit.record("device.end", device.event, by=by, device=device.pk)


@transaction.atomic
def log_out(device: Device) -> None:
    """Its person logs out: it ends, and its key too, unless scans wait on it, which may still be sent for a day."""
    end(device, by=device.person)
    Device.objects.filter(pk=device.pk, waiting=0).update(key_hash=None)


@transaction.atomic
def revoke_keys_of(person: User) -> None:
    """Whoever has this person's old password, or a phone of theirs, may not check in with it any more. The caller's transaction."""
    for device in (
        Device.objects.filter(person=person).exclude(key_hash=None).select_related("event")
    ):
        end(device, by=person)
    Device.objects.filter(person=person).update(key_hash=None)


def end_devices_of(person: User, event: Event, *, by: User | None) -> None:
    """Somebody is no longer door staff: what their phones read until now counts. The caller's transaction."""
    for device in Device.objects.filter(event=event, person=person, ended_at=None).select_related(
        "event"
    ):
        end(device, by=by)


def note_contact(device: Device, *, sent: int, waiting: int, ready: bool) -> None:
    """A sign of life: how many scans it sent and how many wait on it, and whether it has just passed its own test.

    A device that has ended can only count down what waited on it before: it has no other life to tell of.
    """
    now = timezone.now()
    if device.has_ended:
        facts: dict[str, Any] = {"waiting": max(0, min(waiting, device.waiting - sent))}
    else:
        facts = {"seen_at": now, "waiting": min(waiting, MOST_WAITING)} | (
            {"ready_at": now} if ready else {}
        )
    Device.objects.filter(pk=device.pk).update(**facts)


def scans_per_minute(event: Event) -> dict[str, float]:
    """Scans a minute by the name of the device, those of other scanners too."""
    recent = event.scans.filter(received__gte=timezone.now() - timedelta(minutes=RATE_MINUTES))
    counts = recent.order_by().values_list("device").annotate(count=Count("pk"))
    return {device: count / RATE_MINUTES for device, count in counts}
