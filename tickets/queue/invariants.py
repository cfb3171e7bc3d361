"""What must always be true of the whole database. Each question is one statement, so it may be asked beside any traffic."""

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
    """A broken promise: which one, and where, in numbers of rows only."""

    rule: str
    where: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.where}"


def violations() -> list[Violation]:
    """Every broken promise in the database. As many queries as there are rules, whatever its size.

    That a ticket admits once needs no question: it has room for one admission.
    """
    return [Violation(rule.__name__, where) for rule in RULES for where in rule()]


def never_oversold() -> Iterator[str]:
    """No event has more confirmed reservations than seats."""
    for event in recounted().filter(real_confirmed__gt=F("seats_limit")):
        yield f"event {event.pk} has {event.real_confirmed} confirmed reservations and {event.seats_limit} seats"


def counters_match_recount() -> Iterator[str]:
    """An event's counters are what a recount finds."""
    same = Q(**{f"{name}_count": F(f"real_{name}") for name in COUNTED})
    for event in recounted().exclude(same):
        says, has = (
            " ".join(str(getattr(event, which.format(name))) for name in COUNTED)
            for which in ("{}_count", "real_{}")
        )
        yield f"event {event.pk} says {says}, but has {has} ({', '.join(COUNTED)})"


def one_active_reservation_each() -> Iterator[str]:
    """Nobody is twice in one queue."""
    doubles = (
        Reservation.objects.active()
        .order_by()
        .values("event", "person")
        .annotate(how_many=Count("pk"))
        .filter(how_many__gt=1)
    )
    for double in doubles:
        yield f"event {double['event']}, person {double['person']}: {double['how_many']} live reservations"


def active_only_where_published() -> Iterator[str]:
    """Nobody waits or has a seat at a draft, or at an event that was called off."""
    for pk, event in (
        Reservation.objects.active()
        .exclude(event__status=Event.Status.PUBLISHED)
        .values_list("pk", "event")
    ):
        yield f"reservation {pk} is live, event {event} is not published"


def place_before_cancellation_only_where_cancelled() -> Iterator[str]:
    """What a reservation was when its event was cancelled is kept for rejected ones of cancelled events only."""
    right = Q(status=Status.REJECTED, event__status=Event.Status.CANCELLED)
    for pk, event in Reservation.objects.had_place().exclude(right).values_list("pk", "event"):
        yield f"reservation {pk} held a place when event {event} was cancelled, which it was not"


def confirmed_have_one_ticket() -> Iterator[str]:
    """Every confirmed reservation has exactly one valid ticket."""
    tickets = Count("tickets", filter=Q(tickets__void_at=None))
    for pk, how_many in (
        Reservation.objects.confirmed()
        .annotate(valid=tickets)
        .exclude(valid=1)
        .values_list("pk", "valid")
    ):
        yield f"reservation {pk} is confirmed and has {how_many} valid tickets"


def only_confirmed_have_tickets() -> Iterator[str]:
    """No other reservation has a valid one."""
    for pk, reservation, status in (
        Ticket.objects.valid()
        .exclude(reservation__status=Status.CONFIRMED)
        .values_list("pk", "reservation", "reservation__status")
    ):
        yield f"ticket {pk} is valid, its reservation {reservation} is {status}"


def tickets_belong_to_their_event() -> Iterator[str]:
    """A ticket is for the event of its reservation."""
    for pk in Ticket.objects.exclude(event=F("reservation__event")).values_list("pk", flat=True):
        yield f"ticket {pk} is for another event than its reservation"


def nobody_waits_beside_a_free_seat() -> Iterator[str]:
    """In an automatic queue nobody overtakes: while somebody waits, every seat is taken."""
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
    """The events with `real_confirmed`, `real_pending` …, counted from their reservations and tickets."""
    by_status = {
        f"real_{status}": how_many(Reservation.objects.filter(status=status)) for status in Status
    }
    return Event.objects.annotate(
        **by_status, real_checked_in=how_many(Ticket.objects.valid().exclude(checked_in_at=None))
    )


def how_many(rows: QuerySet[Any]) -> Coalesce:
    """The number of these rows that belong to an event: counted once an event, not once a row as a joined group would be."""
    per_event = (
        rows.filter(event=OuterRef("pk"))
        .order_by()
        .values("event")
        .annotate(n=Count("pk"))
        .values("n")
    )
    return Coalesce(Subquery(per_event, output_field=IntegerField()), 0)
