"""Everything that is kept about a person, for that person to take away: one JSON file, as long as it needs to be."""

import json
from collections.abc import Iterable, Iterator
from itertools import batched
from typing import Any

from allauth.account.decorators import reauthentication_required
from allauth.account.internal.flows.reauthentication import is_reauthentication_required
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import F, Q, QuerySet
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.decorators import PersonRequest, login_required
from accounts.models import FormerAddress, LoginSession, User
from eventflow.core.audit import AuditEntry
from eventflow.mail.models import Mail
from events.models import DoorStaff, Event
from tickets.models import Announcement, Reservation, Ticket

Row = dict[str, Any]
TEXTS, TIMES = (
    ["title", "description", "location", "contact_email", "cancel_message"],
    ["start_time", "end_time", "created", "published_at", "cancelled_at"],
)
EVENT = [*TEXTS, *TIMES, "time_zone", "seats_limit", "admission", "status"]
# Rows read, and pieces sent, at once.
CHUNK = 500


@require_safe
@login_required
@reauthentication_required
def page(request: PersonRequest) -> HttpResponse:
    """Where one lands after giving the password, with the button that downloads: a download leaves the page as it was."""
    return render(request, "accounts/your_data.html")


@require_safe
@login_required
def download(request: PersonRequest) -> HttpResponseBase:
    """The file, for whoever gave the password just now: a browser left open is not enough to take it.

    Others are led to the page of the button, which asks: a file would leave the password's page open.
    """
    if is_reauthentication_required(request, app=""):
        return redirect("your_data")
    headers = {
        "Content-Disposition": f'attachment; filename="eventflow-{timezone.now():%Y-%m-%d}.json"'
    }
    pieces = as_json(sections(request.user))
    return StreamingHttpResponse(
        map("".join, batched(pieces, CHUNK, strict=False)),
        content_type="application/json",
        headers=headers,
    )


def sections(person: User) -> dict[str, Row | Iterable[Row]]:
    """What we keep about this person, by kind. One query a kind, which runs when its rows are read.

    Without what opens doors (passwords, tokens) and without what belongs to others: the notes of organizers, other people's names.
    """
    return {
        "account": account(person),
        "addresses": rows(EmailAddress.objects.filter(user=person), "email", "verified", "primary"),
        "second_steps": rows(
            Authenticator.objects.filter(user=person).order_by("pk"),
            "type",
            "created_at",
            "last_used_at",
            name=F("data__name"),
        ),
        "former_addresses": rows(FormerAddress.objects.filter(person=person), "email", "made"),
        "logged_in_at": rows(
            LoginSession.objects.filter(person=person).order_by("pk"),
            "device",
            "is_program",
            "began",
            "seen",
        ),
        "reservations": reservations(person),
        "tickets": tickets(person),
        "events_organized": rows(
            Event.objects.filter(organizer=person).order_by("pk"), "id", *EVENT
        ),
        "messages_to_guests": messages(person),
        "door_staff_at": rows(
            DoorStaff.objects.filter(person=person).order_by("pk"),
            "added",
            event_title=F("event__title"),
        ),
        "log": log(person),
        "mails": mails(person),
    }


def account(person: User) -> Row:
    kept = [
        "id",
        "email",
        "first_name",
        "last_name",
        "language",
        "role",
        "organizer_mail",
        "time_zone",
        "date_joined",
        "last_login",
    ]
    return {name: getattr(person, name) for name in kept}


def reservations(person: User) -> Iterator[Row]:
    """Theirs, with the organizer's words to them. What organizers note for each other is not among them."""
    event = {
        "event_title": F("event__title"),
        "event_start": F("event__start_time"),
        "event_end": F("event__end_time"),
    }
    kept = ["id", "status", "status_at_cancellation", "created", "decided_at", "message"]
    return rows(Reservation.objects.filter(person=person).order_by("pk"), *kept, **event)


def tickets(person: User) -> Iterator[Row]:
    """Theirs, without the serial, which would draw them."""
    kept = ["code", "issued_at", "void_at", "checked_in_at", "reservation_id"]
    return rows(
        Ticket.objects.filter(reservation__person=person).order_by("pk"),
        *kept,
        event_title=F("event__title"),
    )


def messages(person: User) -> Iterator[Row]:
    kept = ["audience", "subject", "body", "recipients", "created", "withdrawn_at"]
    return rows(
        Announcement.objects.filter(by=person).order_by("pk"), *kept, event_title=F("event__title")
    )


def log(person: User) -> Iterator[Row]:
    """What they did, and what was done to their account."""
    to_them = Q(target_type=User._meta.label_lower, target_id=person.pk)
    for entry in rows(
        AuditEntry.objects.filter(Q(by=person) | to_them).order_by("pk"),
        "at",
        "by",
        "action",
        "target_type",
        "target_id",
        "facts",
    ):
        yield entry | {
            "by": "you"
            if entry["by"] == person.pk
            else "somebody else"
            if entry["by"]
            else "EventFlow"
        }


def mails(person: User) -> Iterator[Row]:
    """Which kind when; what they said is not kept."""
    for mail in rows(
        Mail.objects.filter(to=person.email).order_by("pk"),
        "builder",
        "state",
        "created",
        "sent_at",
    ):
        yield {"kind": mail.pop("builder").rpartition(".")[2], **mail}


def rows(found: QuerySet[Any], *names: str, **others: Any) -> Iterator[Row]:
    return found.values(*names, **others).iterator(CHUNK)


# --- As a file --------------------------------------------------------------------------------------------------------


def as_json(parts: dict[str, Row | Iterable[Row]]) -> Iterator[str]:
    """The pieces of one JSON object, a row each, so that nothing needs to be in memory whole."""
    before = "{"
    for name, part in parts.items():
        yield f'{before}\n"{name}": '
        yield from [dump(part)] if isinstance(part, dict) else as_list(part)
        before = ","
    yield "\n}\n"


def as_list(found: Iterable[Row]) -> Iterator[str]:
    before = "["
    for row in found:
        yield f"{before}\n  {dump(row)}"
        before = ","
    yield "[]" if before == "[" else "\n]"


def dump(row: Row) -> str:
    return json.dumps(row, cls=DjangoJSONEncoder, ensure_ascii=False)
