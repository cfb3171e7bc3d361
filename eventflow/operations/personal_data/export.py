"""The file with all personal data of one person: a JSON object with one list of rows a section.

Left out are secrets (passwords, tokens, keys) and what belongs to others: the notes of organizers,
other people's names. `inventory` says of each column which it is.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import F, Q, QuerySet

from accounts.models import FormerAddress, LoginSession, User
from eventflow.core.audit import AuditEntry
from eventflow.mail.models import Mail
from events.models import DoorStaff, Event
from tickets.models import Announcement, Reservation, Ticket

type Row = dict[str, Any]

ACCOUNT_FIELDS = [
    *("id", "email", "first_name", "last_name", "language", "role"),
    *("organizer_mail", "time_zone", "date_joined", "last_login"),
]
EVENT_FIELDS = [
    *("id", "title", "description", "location", "contact_email", "cancel_message"),
    *("start_time", "end_time", "created", "published_at", "cancelled_at"),
    *("time_zone", "seats_limit", "admission", "status"),
]
# Rows read at once.
BATCH = 500


def sections(person: User) -> dict[str, Row | Iterable[Row]]:
    """Return the sections of the person's file. Each is one query, which runs when it is read."""
    return {
        "account": {name: getattr(person, name) for name in ACCOUNT_FIELDS},
        "addresses": rows(EmailAddress.objects.filter(user=person), "email", "verified", "primary"),
        "second_steps": second_factors(person),
        "former_addresses": rows(FormerAddress.objects.filter(person=person), "email", "made"),
        "logged_in_at": log_ins(person),
        "reservations": reservations(person),
        "tickets": tickets(person),
        "events_organized": rows(
            Event.objects.filter(organizer=person).order_by("pk"), *EVENT_FIELDS
        ),
        "messages_to_guests": announcements(person),
        "door_staff_at": door_staff(person),
        "log": log(person),
        "mails": mails(person),
    }


def second_factors(person: User) -> Iterator[Row]:
    """Return the second factors, without their secrets."""
    factors = Authenticator.objects.filter(user=person).order_by("pk")
    return rows(factors, "type", "created_at", "last_used_at", name=F("data__name"))


def log_ins(person: User) -> Iterator[Row]:
    sessions = LoginSession.objects.filter(person=person).order_by("pk")
    return rows(sessions, "device", "is_program", "began", "seen")


def reservations(person: User) -> Iterator[Row]:
    """Return the reservations with the organizer's message to the person, without their notes."""
    names = ["id", "status", "status_at_cancellation", "created", "decided_at", "message"]
    event = {
        "event_title": F("event__title"),
        "event_start": F("event__start_time"),
        "event_end": F("event__end_time"),
    }
    return rows(Reservation.objects.filter(person=person).order_by("pk"), *names, **event)


def tickets(person: User) -> Iterator[Row]:
    """Return the tickets without the serial, from which the QR code could be drawn."""
    found = Ticket.objects.filter(reservation__person=person).order_by("pk")
    names = ["code", "issued_at", "void_at", "checked_in_at", "reservation_id"]
    return rows(found, *names, event_title=F("event__title"))


def announcements(person: User) -> Iterator[Row]:
    sent = Announcement.objects.filter(by=person).order_by("pk")
    names = ["audience", "subject", "body", "recipients", "created", "withdrawn_at"]
    return rows(sent, *names, event_title=F("event__title"))


def door_staff(person: User) -> Iterator[Row]:
    found = DoorStaff.objects.filter(person=person).order_by("pk")
    return rows(found, "added", event_title=F("event__title"))


def log(person: User) -> Iterator[Row]:
    """Return what the person did, and what was done to their account."""
    about_person = Q(target_type=User._meta.label_lower, target_id=person.pk)
    entries = AuditEntry.objects.filter(Q(by=person) | about_person).order_by("pk")
    for entry in rows(entries, "at", "by", "action", "target_type", "target_id", "facts"):
        yield entry | {"by": actor_name(entry["by"], person)}


def actor_name(actor_id: int | None, person: User) -> str:
    """Return who did it: the person, somebody whose name is theirs, or the software."""
    if actor_id == person.pk:
        return "you"
    return "somebody else" if actor_id else "EventFlow"


def mails(person: User) -> Iterator[Row]:
    """Return which kind of mail was sent when; the texts are not stored."""
    sent = Mail.objects.filter(to=person.email).order_by("pk")
    for mail in rows(sent, "builder", "state", "created", "sent_at"):
        yield {"kind": mail.pop("builder").rpartition(".")[2], **mail}


def rows(found: QuerySet[Any], *names: str, **others: Any) -> Iterator[Row]:
    return found.values(*names, **others).iterator(BATCH)


# --- The file -------------------------------------------------------------------------------------


def as_json(sections: dict[str, Row | Iterable[Row]]) -> Iterator[str]:
    """Yield the pieces of one JSON object, a row each, so that it is never whole in memory."""
    before = "{"
    for name, section in sections.items():
        yield f'{before}\n"{name}": '
        yield from [row_as_json(section)] if isinstance(section, dict) else rows_as_json(section)
        before = ","
    yield "\n}\n"


def rows_as_json(found: Iterable[Row]) -> Iterator[str]:
    before = "["
    for row in found:
        yield f"{before}\n  {row_as_json(row)}"
        before = ","
    yield "[]" if before == "[" else "\n]"


def row_as_json(row: Row) -> str:
    return json.dumps(row, cls=DjangoJSONEncoder, ensure_ascii=False)
