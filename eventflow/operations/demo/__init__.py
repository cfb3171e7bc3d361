"""The demo: people and events of a small town for a trial, made by the services of the product."""

import unicodedata
from collections.abc import Iterable
from datetime import timedelta
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from accounts.models import User
from eventflow.core.errors import Refused
from eventflow.mail.models import Mail
from eventflow.operations.demo.data import (
    DOOR,
    EVENTS,
    FIRST_NAMES,
    LAST_NAMES,
    MAJA,
    PASSWORD,
    PEOPLE,
    DemoEvent,
)
from events import services as event_services
from events.models import Event
from tickets.checkin import admission
from tickets.checkin.access import CheckInActor
from tickets.models import EventNews, Reservation, Ticket
from tickets.queue import bulk_decisions, registration

LOG_INS = 4
OPEN_FOR = timedelta(days=13)


def is_wanted() -> bool:
    """Whether this is the first start of a trial: no database is named, and it has no people."""
    return settings.TRIAL and not User.objects.exists()


def is_loaded() -> bool:
    """Whether the database of a trial holds the demo."""
    return settings.TRIAL and User.objects.filter(email=PEOPLE[0][0]).exists()


def log_ins() -> str:
    """The lines that name the demo's log-ins and their password."""
    lines = [
        f"  {email:<24}{first} {last}, {role}" for email, first, last, role, _ in PEOPLE[:LOG_INS]
    ]
    return "\n".join(["Demo log-ins, all with the password " + PASSWORD + ":", *lines, ""])


@transaction.atomic
def load() -> None:
    """Fill an empty database. Refused: not_empty if it has people."""
    if User.objects.exists():
        raise Refused(
            "not_empty", "There are people in this database already, so the demo was not loaded."
        )
    people = make_people()
    guests = [
        person for email, person in people.items() if email not in {email for email, *_ in PEOPLE}
    ]
    for number, plan in enumerate(EVENTS):
        # Each event has other guests first.
        first = number * 17 % len(guests)
        make_event(plan, people, guests[first:] + guests[:first])
    delete_mail()


def make_people() -> dict[str, User]:
    """The named people and 160 guests, by address. All have one password, hashed once."""
    password = make_password(PASSWORD)
    named = [
        User(email=email, first_name=first, last_name=last, role=role, language=lang)
        for email, first, last, role, lang in PEOPLE
    ]
    guests = [
        User(
            email=f"{ascii_name(first)}.{ascii_name(last)}@example.org",
            first_name=first,
            last_name=last,
            language="pl",
        )
        for last, first in product(LAST_NAMES, FIRST_NAMES)
    ]
    for person in named + guests:
        person.password = password
    people = User.objects.bulk_create(named + guests)
    EmailAddress.objects.bulk_create(
        [
            EmailAddress(user=person, email=person.email, primary=True, verified=True)
            for person in people
        ]
    )
    return {person.email: person for person in people}


def ascii_name(name: str) -> str:
    """A name for an e-mail address: Łucja becomes lucja."""
    decomposed = unicodedata.normalize("NFD", name.lower().replace("ł", "l"))
    return "".join(letter for letter in decomposed if letter.isascii() and letter.isalpha())


def make_event(plan: DemoEvent, people: dict[str, User], guests: list[User]) -> None:
    """Draft, publish and fill an event in the future, then move it to its day."""
    organizer = people[plan.organizer]
    event = event_services.create(
        by=organizer, **texts(plan), **times(plan.day if plan.day > 0 else 1, plan.at, plan.hours)
    )
    event_services.add_door_staff(event, email=DOOR, by=organizer)
    if plan.status == Event.Status.DRAFT:
        return
    event_services.publish(event, by=organizer)
    who = guests[: plan.guests]
    if plan.maja is not None:
        who[plan.maja] = people[MAJA]
    fill(
        event,
        plan,
        [registration.reserve(event.pk, person=person) for person in who],
        by=organizer,
        staff=people[DOOR],
    )
    if plan.day <= 0:
        moments = times(plan.day, plan.at, plan.hours)
        event = event_services.edit(event, by=organizer, confirm_past=True, **moments)
    spread_times(event)
    if plan.status == Event.Status.CANCELLED:
        event_services.cancel(event, by=organizer, message=plan.cancel_message)


def texts(plan: DemoEvent) -> dict[str, str | int]:
    names = ["title", "location", "description", "hue", "pattern", "admission"]
    return {**{name: getattr(plan, name) for name in names}, "seats_limit": plan.seats}


def times(day: int, at: str | None, hours: int) -> dict[str, Any]:
    zone = ZoneInfo("Europe/Warsaw")
    now = timezone.now().astimezone(zone).replace(minute=0, second=0, microsecond=0)
    if at is None:
        start = now + timedelta(days=day) - timedelta(hours=1)
    else:
        hour, minute = map(int, at.split(":"))
        start = (now + timedelta(days=day)).replace(hour=hour, minute=minute)
    return {"start_time": start, "end_time": start + timedelta(hours=hours)}


def fill(
    event: Event, plan: DemoEvent, reservations: list[Reservation], *, by: User, staff: User
) -> None:
    """Cancel the last reservations, confirm the first, reject the next, check some guests in."""
    staying = len(reservations) - plan.withdrawn
    for reservation in reservations[staying:]:
        registration.cancel(reservation, by=reservation.person)
    if plan.confirmed:
        bulk_decisions.confirm_many(event, ids(reservations[: plan.confirmed]), by=by)
    if plan.rejected:
        bulk_decisions.reject_many(
            event, ids(reservations[plan.confirmed : plan.confirmed + plan.rejected]), by=by
        )
    for reservation in reservations[: plan.checked_in]:
        actor = CheckInActor(staff, scanner="Demo")
        admission.check_in(event.pk, reservation, actor=actor)


def ids(reservations: Iterable[Reservation]) -> list[int]:
    return [reservation.pk for reservation in reservations]


def spread_times(event: Event) -> None:
    """Date the reservations over the last 13 days, in their order, and decisions 3 hours later."""
    reservations = list(event.reservations.in_queue_order())
    last = min(timezone.now(), event.start_time) - timedelta(minutes=20)
    step = OPEN_FOR / max(1, len(reservations))
    for number, reservation in enumerate(reservations):
        reservation.created = last - OPEN_FOR + step * (number + 1)
        if reservation.decided_at:
            reservation.decided_at = min(
                last, reservation.created + timedelta(hours=3) * bool(reservation.decided_by_id)
            )
    Reservation.objects.bulk_update(reservations, ["created", "decided_at"])
    tickets = list(Ticket.objects.filter(event=event).select_related("reservation"))
    came = event.start_time - timedelta(minutes=20)
    for ticket in tickets:
        ticket.issued_at = ticket.reservation.decided_at or ticket.reservation.created
        if ticket.checked_in_at:
            ticket.checked_in_at = came = came + timedelta(minutes=2, seconds=ticket.pk % 50)
    Ticket.objects.bulk_update(tickets, ["issued_at", "checked_in_at"])


def delete_mail() -> None:
    """Delete all mail, so that the inbox begins empty. The database held none before."""
    DBTaskResult.objects.all().delete()
    Mail.objects.all().delete()
    EventNews.objects.all().delete()
