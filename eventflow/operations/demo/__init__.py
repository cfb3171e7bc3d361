"""A small town of people and events for the embedded default, made by the same services as everything else."""

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
from tickets.models import EventNews, Reservation, Ticket
from tickets.queue import bulk_decisions, registration

LOG_INS = 4
OPEN_FOR = timedelta(days=13)


def is_wanted() -> bool:
    """The first start on one's own machine: no database was named, nothing is there to protect, and nobody is there yet."""
    return settings.TRIAL and not User.objects.exists()


def is_loaded() -> bool:
    return settings.TRIAL and User.objects.filter(email=PEOPLE[0][0]).exists()


def log_ins() -> str:
    """What to print, so that somebody can look around as everybody."""
    lines = [
        f"  {email:<24}{first} {last}, {role}" for email, first, last, role, _ in PEOPLE[:LOG_INS]
    ]
    return "\n".join(["Demo log-ins, all with the password " + PASSWORD + ":", *lines, ""])


@transaction.atomic
def load() -> None:
    """Fill an empty database. Refused: not_empty, where there are people already."""
    if User.objects.exists():
        raise Refused(
            "not_empty", "There are people in this database already, so the demo was not loaded."
        )
    people = make_people()
    guests = [
        person for email, person in people.items() if email not in {email for email, *_ in PEOPLE}
    ]
    for number, plan in enumerate(EVENTS):
        # Another slice each time, so that the same faces do not sit everywhere.
        first = number * 17 % len(guests)
        make_event(plan, people, guests[first:] + guests[:first])
    forget_mail()


def make_people() -> dict[str, User]:
    """The named ones and a hundred and sixty guests, by address. The slow password hash is made once for all of them."""
    password = make_password(PASSWORD)
    named = [
        User(email=email, first_name=first, last_name=last, role=role, language=lang)
        for email, first, last, role, lang in PEOPLE
    ]
    guests = [
        User(
            email=f"{plain(first)}.{plain(last)}@example.org",
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


def plain(name: str) -> str:
    """A name as it would stand in an address: Łucja becomes lucja."""
    decomposed = unicodedata.normalize("NFD", name.lower().replace("ł", "l"))
    return "".join(letter for letter in decomposed if letter.isascii() and letter.isalpha())


def make_event(plan: DemoEvent, people: dict[str, User], guests: list[User]) -> None:
    """Live the event's life: it is drafted, published and filled in the future, then moved to its day."""
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
        [registration.reserve(event, person=person) for person in who],
        by=organizer,
        staff=people[DOOR],
    )
    if plan.day <= 0:
        moments = times(plan.day, plan.at, plan.hours)
        event = event_services.edit(event, by=organizer, confirm_past=True, **moments)
    spread(event)
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
    """Withdraw from the end, confirm from the head, reject what comes next; then the first ones arrive."""
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
        admission.check_in(reservation, by=staff, device="Demo")


def ids(reservations: Iterable[Reservation]) -> list[int]:
    return [reservation.pk for reservation in reservations]


def spread(event: Event) -> None:
    """Let the reservations come in over the last days, in the order they have, and be decided a few hours after."""
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


def forget_mail() -> None:
    """Nobody in the demo needs to be told; the mail page begins empty. The database held nobody before, so all of it is ours."""
    DBTaskResult.objects.all().delete()
    Mail.objects.all().delete()
    EventNews.objects.all().delete()
