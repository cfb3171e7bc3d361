"""What must always be true of the whole database.

Each rule is one SQL statement, so that it can be checked while the site is in use.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from events.models import Event
from tickets.models import Reservation, Ticket

Status = Reservation.Status
COUNTED = [*Status, "checked_in"]


@dataclass(frozen=True)
class Violation:
    """A broken rule: its name, and where it is broken, by ids and numbers only."""

    rule: str
    where: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.where}"


def violations() -> list[Violation]:
    """Return every broken rule in the database, with one query for each rule.

    That a ticket admits once needs no rule: its row has columns for one check-in only.
    """
    return [Violation(rule.__name__, where) for rule in RULES for where in rule()]


def never_oversold() -> Iterator[str]:
    """No event has more confirmed reservations than seats."""
    for event in recounted().filter(real_confirmed__gt=F("seats_limit")):
        has = f"{event.real_confirmed} confirmed reservations and {event.seats_limit} seats"
        yield f"event {event.pk} has {has}"


def counters_match_recount() -> Iterator[str]:
    """Each counter of an event is equal to a count of its reservations and tickets."""
    same = Q(**{f"{name}_count": F(f"real_{name}") for name in COUNTED})
    for event in recounted().exclude(same):
        says, has = (
            " ".join(str(getattr(event, which.format(name))) for name in COUNTED)
            for which in ("{}_count", "real_{}")
        )
        yield f"event {event.pk} says {says}, but has {has} ({', '.join(COUNTED)})"


def one_active_reservation_each() -> Iterator[str]:
    """No person has two active reservations for one event."""
    doubles = (
        Reservation.objects.active()
        .order_by()
        .values("event", "person")
        .annotate(how_many=Count("pk"))
        .filter(how_many__gt=1)
    )
    for double in doubles:
        where = f"event {double['event']}, person {double['person']}"
        yield f"{where}: {double['how_many']} live reservations"


def active_only_where_published() -> Iterator[str]:
    """No draft and no cancelled event has active reservations."""
    wrong = Reservation.objects.active().exclude(event__status=Event.Status.PUBLISHED)
    for pk, event in wrong.values_list("pk", "event"):
        yield f"reservation {pk} is live, event {event} is not published"


def place_before_cancellation_only_where_cancelled() -> Iterator[str]:
    """Only rejected reservations of cancelled events have a status from before the cancellation."""
    right = Q(status=Status.REJECTED, event__status=Event.Status.CANCELLED)
    for pk, event in Reservation.objects.had_place().exclude(right).values_list("pk", "event"):
        yield f"reservation {pk} held a place when event {event} was cancelled, which it was not"


def confirmed_have_one_ticket() -> Iterator[str]:
    """Every confirmed reservation has exactly one valid ticket."""
    valid = Count("tickets", filter=Q(tickets__void_at=None))
    wrong = Reservation.objects.confirmed().annotate(valid=valid).exclude(valid=1)
    for pk, number in wrong.values_list("pk", "valid"):
        yield f"reservation {pk} is confirmed and has {number} valid tickets"


def only_confirmed_have_tickets() -> Iterator[str]:
    """No other reservation has a valid ticket."""
    wrong = Ticket.objects.valid().exclude(reservation__status=Status.CONFIRMED)
    columns = ["pk", "reservation", "reservation__status"]
    for pk, reservation, status in wrong.values_list(*columns):
        yield f"ticket {pk} is valid, its reservation {reservation} is {status}"


def tickets_belong_to_their_event() -> Iterator[str]:
    """A ticket is for the event of its reservation."""
    for pk in Ticket.objects.exclude(event=F("reservation__event")).values_list("pk", flat=True):
        yield f"ticket {pk} is for another event than its reservation"


def nobody_waits_beside_a_free_seat() -> Iterator[str]:
    """In an automatic event every seat is taken while a reservation is pending."""
    running = Event.objects.published().filter(
        admission=Event.Admission.AUTOMATIC, end_time__gt=timezone.now()
    )
    for event in running.filter(pending_count__gt=0, confirmed_count__lt=F("seats_limit")):
        yield f"event {event.pk}: {event.pending_count} wait, {event.seats_left} seats are free"


RULES = [
    never_oversold,
    counters_match_recount,
    one_active_reservation_each,
    active_only_where_published,
    place_before_cancellation_only_where_cancelled,
    confirmed_have_one_ticket,
    only_confirmed_have_tickets,
    tickets_belong_to_their_event,
    nobody_waits_beside_a_free_seat,
]


def recounted() -> Any:
    """The events with `real_confirmed`, `real_pending` …, counted from reservations and tickets."""
    counts = {
        f"real_{status}": how_many(Reservation.objects.filter(status=status)) for status in Status
    }
    counts["real_checked_in"] = how_many(Ticket.objects.valid().exclude(checked_in_at=None))
    return Event.objects.annotate(**counts)


def how_many(rows: QuerySet[Any]) -> Coalesce:
    """How many of these rows belong to an event, as a subquery.

    It is counted once an event, not once a row as a joined group would be.
    """
    of_event = rows.filter(event=OuterRef("pk")).order_by()
    per_event = of_event.values("event").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(per_event, output_field=IntegerField()), 0)
