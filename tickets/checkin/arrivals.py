"""The arrivals at one event: how many in each step of time, and the last ones by name."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count
from django.db.models.functions import TruncMinute

from events.models import Event
from tickets.checkin import scan_times
from tickets.models import Ticket

# The most bars that the chart has room for; the shortest step that needs no more is taken.
MOST_BARS = 30
STEPS = [timedelta(minutes=minutes) for minutes in (5, 10, 15, 30, 60, 120, 360, 720, 1440)]
LAST = 8


@dataclass(frozen=True)
class Step:
    """How many guests were checked in during one step of time, and in all until its end."""

    begins: datetime
    ends: datetime
    count: int
    total: int


@dataclass(frozen=True)
class Arrivals:
    """The arrivals at an event.

    `steps`: without gaps, in the event's time zone; empty while nobody is checked in.
    `expected`: how many have a ticket.
    """

    steps: Sequence[Step]
    expected: int

    @property
    def total(self) -> int:
        return self.steps[-1].total if self.steps else 0

    @property
    def busiest(self) -> Step:
        return max(self.steps, key=lambda step: step.count)

    @property
    def minutes(self) -> int:
        return int((self.steps[0].ends - self.steps[0].begins) / timedelta(minutes=1))


def arrivals(event: Event) -> Arrivals:
    """Count the arrivals, with one query that the database groups by minute.

    Without check-ins that were undone, and without those at an impossible time.
    """
    inside = event.tickets.valid().filter(checked_in_at__gte=scan_times.FIRST).order_by()
    minutes = inside.annotate(minute=TruncMinute("checked_in_at", tzinfo=event.zone))
    by_minute = dict(minutes.values_list("minute").annotate(Count("pk")))
    return Arrivals(list(steps(by_minute)) if by_minute else [], event.confirmed_count)


def steps(by_minute: dict[datetime, int]) -> Sequence[Step]:
    """Return the equal steps that cover these minutes."""
    first, last = min(by_minute), max(by_minute)
    # Where none of STEPS is long enough: as many whole days as needed.
    step = next(
        (step for step in STEPS if (last - first) / step < MOST_BARS - 1),
        timedelta(days=math.ceil((last - first).days / (MOST_BARS - 2))),
    )
    midnight = first.replace(hour=0, minute=0)
    begin = midnight + (first - midnight) // step * step
    counts: Counter[int] = Counter()
    for minute, count in by_minute.items():
        counts[(minute - begin) // step] += count
    made, total = [], 0
    for number in range(max(counts) + 1):
        total += counts[number]
        made.append(Step(begin + number * step, begin + (number + 1) * step, counts[number], total))
    return made


def latest(event: Event) -> list[Ticket]:
    """The last tickets that were checked in, the newest first."""
    inside = event.tickets.valid().exclude(checked_in_at=None)
    shown = inside.select_related("reservation__person", "checked_in_by")
    return list(shown.order_by("-checked_in_at", "-pk")[:LAST])
