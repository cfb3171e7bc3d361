"""Functions that make people, events and reservations, through the services where one exists."""

from datetime import timedelta
from itertools import count
from typing import Any

from django.utils import timezone

from accounts.models import User
from events.models import Event
from tickets.models import Reservation, Ticket
from tickets.queue import decisions, registration
from tickets.queue.invariants import how_many

PASSWORD = "correct horse battery"
number = count(1)


def make_person(name: str = "Maja Wiśniewska", **fields: Any) -> User:
    """Make an activated person with PASSWORD and, unless given, an address of their own."""
    first, _, last = name.partition(" ")
    email = fields.pop("email", f"person{next(number)}@example.org")
    fields.setdefault("activated", True)
    return User.objects.create_user(email, PASSWORD, first_name=first, last_name=last, **fields)


def make_people(how_many: int) -> list[User]:
    """Make many people at once, for queues and races: without passwords, they cannot log in."""
    names = {"first_name": "Guest", "password": "!"}
    return User.objects.bulk_create(
        User(email=f"guest{next(number)}@example.org", last_name=str(i), **names)
        for i in range(how_many)
    )


def make_organizer(name: str = "Paweł Ostrowski", **fields: Any) -> User:
    return make_person(name, role=User.Role.ORGANIZER, **fields)


def make_admin(name: str = "Anna Nowak", **fields: Any) -> User:
    return make_person(name, role=User.Role.ADMIN, **fields)


def make_event(**fields: Any) -> Event:
    """Make a published event in ten days with 24 seats and approval; `fields` change any of it."""
    start = fields.pop("start_time", timezone.now().replace(microsecond=0) + timedelta(days=10))
    values = {
        "title": "Night Print",
        "location": "Ruska 46c, Wrocław",
        "start_time": start,
        "end_time": start + timedelta(hours=4),
        "seats_limit": 24,
        "status": Event.Status.PUBLISHED,
        **fields,
    }
    if values["status"] != Event.Status.DRAFT:
        values.setdefault("published_at", timezone.now())
    if values.get("organizer") is None:
        values["organizer"] = make_organizer()
    return Event.objects.create(**values)


def recount() -> None:
    """Correct the counts of all events, after rows were made without the services."""
    counts = {
        f"{status}_count": how_many(Reservation.objects.filter(status=status))
        for status in Reservation.Status
    }
    Event.objects.update(**counts)


def make_reservation(
    event: Event | None = None,
    person: User | None = None,
    *,
    status: str = "pending",
    by: User | None = None,
) -> Reservation:
    """Make a reservation and bring it to `status` by the services, as its organizer or as `by`."""
    event = event or make_event()
    reservation = registration.reserve(event.pk, person=person or make_person())
    by = by or event.organizer
    if status == "confirmed" and not reservation.is_confirmed:
        reservation = decisions.confirm(reservation, by=by)
    elif status == "rejected":
        reservation = decisions.reject(reservation, by=by)
    elif status == "cancelled":
        reservation = registration.cancel(reservation, by=reservation.person)
    return reservation


def fill(event: Event, people: list[User], status: str = "pending") -> None:
    """Make many reservations at once, without the services: only their number matters here."""
    made = Reservation.objects.bulk_create(
        [
            Reservation(event=event, person=person, status=status, decided_at=timezone.now())
            for person in people
        ]
    )
    if status == "confirmed":
        Ticket.objects.bulk_create([Ticket.issue(reservation) for reservation in made])
    counter = f"{status}_count"
    Event.objects.filter(pk=event.pk).update(**{counter: getattr(event, counter) + len(made)})
