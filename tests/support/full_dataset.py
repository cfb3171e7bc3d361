"""A data set for tests of whole pages: rows of every kind, in every state.

People wrote all texts in Greek, so Latin letters on a page are the product's own.
"""

import uuid
from datetime import timedelta
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.utils import timezone

from accounts.models import User
from events import services as event_services
from events.models import Event
from tests.support.check_in import check_in, scan
from tests.support.factories import (
    make_admin,
    make_event,
    make_organizer,
    make_person,
    make_reservation,
)
from tickets.checkin import devices, gates, scans
from tickets.messages import announcements
from tickets.models import Gate
from tickets.queue import decisions
from tickets.ticket.links import cancel_url

TEXT = "Φέρτε μελάνι και χαρτί."
EVENTS: dict[str, dict[str, Any]] = {
    "open": {},
    "automatic": {"admission": "automatic", "time_zone": "Asia/Tokyo"},
    "draft": {"status": "draft"},
    "full": {"seats_limit": 1, "admission": "automatic"},
    "full by approval": {"seats_limit": 1},
    "today": {},
    "confirmed": {},
    "pending": {},
    "rejected": {},
    "cancelled": {},
    "running": {},
    "over": {},
    "over for the guest": {},
}
# {kind of row: {name: row}}; the kind "gates" is a list.
Dataset = dict[str, Any]


def make_dataset() -> Dataset:
    """Make an organizer with events of every kind, a guest with every reservation, admin and staff.

    Returns {kind of row: {name: row}}, as `dataset["events"]["open"]`.
    """
    owner = make_organizer("Παύλος Νικολάου")
    guest, other = make_person("Μάγια Δούκα"), make_person("Ζωή Δήμου")
    events = {name: make_greek_event(owner, **fields) for name, fields in EVENTS.items()}
    move_times(events["today"], start_time=timedelta(hours=1), end_time=timedelta(hours=5))
    of = make_reservations(events, guest, other)
    event_services.cancel(events["cancelled"], by=owner, message=TEXT)
    staff = event_services.add_door_staff(events["today"], email=other.email, by=owner)
    event_services.add_door_staff(events["today"], email="invited@example.org", by=owner)
    move_times(events["running"], start_time=-timedelta(hours=1), end_time=timedelta(hours=1))
    for name in ("over", "over for the guest"):
        move_times(events[name], start_time=-timedelta(days=3), end_time=-timedelta(days=2))
    people = {"owner": owner, "guest": guest, "other": other, **make_more_people()}
    waiting = EmailAddress.objects.get(user=make_person("Ρέα Κόρη", activated=False))
    return {
        "events": events,
        "reservations": of,
        "people": people,
        "other": {"staff": staff, "waiting": waiting},
        "announcements": make_announcements(events["confirmed"]),
        "scans": make_conflicts(events["today"], of),
        "gates": make_gates(events["today"]),
    }


def make_more_people() -> dict[str, User]:
    """Make an admin, a person without any rows, and two with a second factor."""
    people = {
        "admin": make_admin("Άννα Λέκκα"),
        "nobody": make_person("Έλλη Ράλλη"),
        "with an app": make_person("Όλγα Ρήγα"),
        "with a key": make_person("Πέτρος Βλάχος"),
    }
    TOTP.activate(people["with an app"], "JBSWY3DPEHPK3PXP")
    RecoveryCodes.activate(people["with an app"])
    key = {"name": "Κλειδί", "credential": {}}
    Authenticator.objects.create(user=people["with a key"], type="webauthn", data=key)
    return people


def make_conflicts(event: Event, of: dict[str, Any]) -> dict[str, Any]:
    """Make conflicts: a second scan, a scan of a void ticket, and a settled one."""
    code = of["used"].tickets.get().code
    void = make_reservation(event, make_person("Άρης Μούτσης"), status="confirmed")
    codes = {"used": code, "void": void.tickets.get().code, "settled": code}
    decisions.reject(void, by=event.organizer)
    made = {
        name: scan(event, text, nonce=name, by=event.organizer, device="Πύλη", let_in=True).scan
        for name, text in codes.items()
    }
    settled = made["settled"]
    assert settled
    scans.settle(settled, by=event.organizer)
    return made


def make_gates(event: Event) -> list[Gate]:
    """Make a gate with three devices (one is silent, one has ended), and a revoked gate."""
    both = [gates.add_gate(event, name=name, by=event.organizer) for name in ("Πύλη Α", "Πύλη Β")]
    phones = [
        devices.register(event, gate=both[0], called=name) for name in ("Νίκος", "Ρέα", "Έλλη")
    ]
    for phone in phones:
        devices.note_contact(phone, sent=0, waiting=3, ready=True)
    type(phones[1]).objects.filter(pk=phones[1].pk).update(
        seen_at=timezone.now() - timedelta(minutes=5)
    )
    devices.end(phones[2], by=event.organizer)
    gates.revoke_gate(both[1], by=event.organizer)
    return both


def make_announcements(event: Event) -> dict[str, Any]:
    """Make an announcement that can be withdrawn, a withdrawn one, and one that was sent."""
    said = {
        name: announcements.send(
            event, audience="all", subject=subject, body=TEXT, key=uuid.uuid4(), by=event.organizer
        )
        for name, subject in (("waiting", "Μελάνι"), ("taken back", "Χαρτί"), ("sent", "Μολύβι"))
    }
    announcements.withdraw(said["taken back"], by=event.organizer)
    said["sent"].leaves_at = timezone.now()
    said["sent"].save()
    return said


def cancel_token(reservation: Any) -> str:
    """The token of the link that cancels this reservation."""
    return cancel_url(reservation).strip("/").rpartition("/")[2]


def make_greek_event(organizer: User, **fields: Any) -> Event:
    return make_event(
        **{
            "title": "Νύχτα τυπογραφίας",
            "location": "Αθήνα",
            "description": TEXT,
            "organizer": organizer,
            **fields,
        }
    )


def make_reservations(events: dict[str, Event], guest: User, other: User) -> dict[str, Any]:
    of = {
        name: make_reservation(events[name], guest, status=name)
        for name in ("confirmed", "pending", "rejected")
    }
    of["cancelled by the guest"] = make_reservation(events["open"], guest, status="cancelled")
    of["last"] = make_reservation(events["over for the guest"], guest, status="confirmed")
    of["called off"] = make_reservation(events["cancelled"], guest, status="confirmed")
    of["second"] = make_reservation(events["pending"], other)
    of["inside"] = make_reservation(events["today"], guest, status="confirmed")
    of["used"] = make_reservation(events["today"], make_person("Λίνα Μελά"), status="confirmed")
    of["waiting"] = make_reservation(events["confirmed"], make_person("Νίκος Γάτος"))
    for name in ("full", "full by approval"):
        make_reservation(events[name], other, status="confirmed")
        of[name] = make_reservation(events[name], guest)
    check_in(of["used"], by=events["today"].organizer)
    of["told why"] = decisions.reject(
        make_reservation(events["confirmed"], other), by=events["today"].organizer, message=TEXT
    )
    return of


def move_times(event: Event, **times: timedelta) -> None:
    Event.objects.filter(pk=event.pk).update(
        **{name: timezone.now() + delta for name, delta in times.items()}
    )
