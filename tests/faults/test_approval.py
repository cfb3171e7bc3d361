"""Eight organizers decide 2,000 reservations, while guests withdraw and the limit changes.

The audit log is the history: an entry is in the transaction of its action, and PostgreSQL remembers
when each was committed. Replayed in this order it must be legal, and end at the database's state.
"""

import asyncio
import random
from typing import Any, NamedTuple

import pytest
from django.db import connection, transaction

from accounts.models import User
from tests.faults.api_callers import Caller, History, make_tokens
from tests.faults.figures import Figures
from tests.faults.test_storm import deadlocks
from tests.faults.web_processes import WebProcesses
from tests.support.factories import make_event, make_people
from tickets.queue import registration
from tickets.queue.invariants import violations

pytestmark = pytest.mark.django_db(transaction=True)
ORGANIZERS, PROCESSES, LIMITS = 8, 4, 60
# {(status, action): the next status}, written here again instead of imported from the product.
LEGAL = {
    (None, "reserve"): "pending",
    ("pending", "confirm"): "confirmed",
    ("pending", "reject"): "rejected",
    ("pending", "cancel"): "cancelled",
    ("confirmed", "reject"): "rejected",
    ("confirmed", "cancel"): "cancelled",
}


class Race:
    """Two organizers decide each reservation, every fifth guest withdraws, the limit changes."""

    def __init__(self, processes: WebProcesses, *, waiting: int, seats: int) -> None:
        self.processes, self.seats = processes, seats
        self.history, self.chance = History(), random.Random("approval")
        self.event = make_event(seats_limit=seats)
        self.guests = make_people(waiting)
        with transaction.atomic():
            self.reservations = [
                registration.reserve(self.event.pk, person=person).pk for person in self.guests
            ]
        self.organizers = make_people(ORGANIZERS)
        User.objects.filter(pk__in=[person.pk for person in self.organizers]).update(
            role=User.Role.ADMIN
        )
        self.organizer_tokens, self.guest_tokens = (
            make_tokens(self.organizers),
            make_tokens(self.guests),
        )
        (self.owner_token,) = make_tokens([self.event.organizer])
        self.over = False

    async def run(self) -> None:
        deciding = [asyncio.create_task(self.decide(number)) for number in range(ORGANIZERS)]
        others = [asyncio.create_task(self.withdraw(lane)) for lane in range(4)] + [
            asyncio.create_task(self.change_limit())
        ]
        await asyncio.gather(*deciding)
        self.over = True
        await asyncio.gather(*others)

    async def decide(self, number: int) -> None:
        """Decide a quarter of the queue, from the front or from the back, so that two meet."""
        mine = self.reservations[number % 4 :: 4][:: 1 if number < 4 else -1]
        caller = Caller()
        for pk in mine:
            status = "rejected" if self.chance.random() < 0.3 else "confirmed"
            await self.ask(
                caller,
                number,
                status,
                "PATCH",
                f"/api/reservations/{pk}/status/",
                self.organizer_tokens[number],
                {"status": status},
                pk,
            )
        await caller.close()

    async def withdraw(self, lane: int) -> None:
        caller = Caller()
        leaving = list(range(len(self.guests)))[lane * 5 :: 20]
        self.chance.shuffle(leaving)
        for index in leaving:
            pk = self.reservations[index]
            await self.ask(
                caller,
                index,
                "cancelled",
                "DELETE",
                f"/api/reservations/{pk}/",
                self.guest_tokens[index],
                None,
                pk,
            )
            await asyncio.sleep(0.05)
        await caller.close()

    async def change_limit(self) -> None:
        """Change the limit many times, one after the other: the log must have the same order."""
        caller = Caller()
        for _change in range(LIMITS):
            limit = self.chance.randint(self.seats // 2, self.seats)
            path = f"/api/events/organizer/{self.event.pk}/edit/"
            await self.ask(
                caller, -1, "limit", "PATCH", path, self.owner_token, {"seats_limit": limit}, limit
            )
            await asyncio.sleep(0.2)
            if self.over:
                break
        await caller.close()

    async def ask(
        self,
        caller: Caller,
        who: int,
        verb: str,
        method: str,
        path: str,
        token: str,
        body: Any,
        what: Any,
    ) -> None:
        call = self.history.begin(who, verb, what)
        self.history.end(
            call,
            await caller.ask(
                self.chance.choice(self.processes.ports), method, path, token=token, body=body
            ),
        )


class Entry(NamedTuple):
    commit: str
    action: str
    target: int


def log() -> list[Entry]:
    """The audit log in the order of the commits; entries of one transaction share `commit`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT xmin::text, action, target_id FROM eventflow_auditentry "
            "ORDER BY pg_xact_commit_timestamp(xmin), xmin::text, id"
        )
        return [Entry(*row) for row in cursor.fetchall()]


def check_history(figures: Figures, race: Race) -> None:
    """Compare the history, replayed from the audit log, with the database."""
    history = race.history
    states = replay(figures, race)
    stored = dict(race.event.reservations.values_list("pk", "status"))
    moved = sum(states[pk] != status for pk, status in stored.items())
    figures.none("reservations that are not where their history ends", moved)
    confirmed, rejected, cancelled = (
        {call.what for call in history.succeeded(verb)}
        for verb in ("confirmed", "rejected", "cancelled")
    )
    remaining = sum(stored[pk] != "cancelled" for pk in cancelled)
    figures.none("withdrawn and still there", remaining)
    not_rejected = sum(stored[pk] not in {"rejected", "cancelled"} for pk in rejected)
    figures.none("told rejected and not so", not_rejected)
    decided = {"confirmed", "rejected", "cancelled"}
    figures.none("told confirmed and not so", sum(stored[pk] not in decided for pk in confirmed))
    figures.none("decided twice, both told so", len(confirmed & rejected))
    figures.none("answers 5xx", history.server_errors() + history.statuses[503])
    figures.none("broken invariants", len(violations()))
    figures.none("deadlocks", deadlocks())


def replay(figures: Figures, race: Race) -> dict[int, str | None]:
    """Replay the audit log, commit by commit. Returns the status of each reservation at its end."""
    entries = log()
    limits = iter([race.seats, *(call.what for call in race.history.succeeded("limit"))])
    limit, most_over, illegal = next(limits), 0, 0
    states: dict[int, str | None] = {}
    for number, entry in enumerate(entries):
        if entry.action == "event.edit":
            limit = next(limits)
        elif entry.action.startswith("reservation."):
            step = (states.get(entry.target), entry.action.removeprefix("reservation."))
            illegal += step not in LEGAL
            states[entry.target] = LEGAL.get(step, step[1])
        if number + 1 == len(entries) or entries[number + 1].commit != entry.commit:
            confirmed = sum(state == "confirmed" for state in states.values())
            most_over = max(most_over, confirmed - limit)
    figures.none("confirmed above the limit, at the worst commit", max(0, most_over))
    figures.none("illegal steps in the histories", illegal)
    figures.none("limits changed and not in the log", len(list(limits)))
    return states


def test_approval_race(figures, redis, tmp_path):
    with WebProcesses(PROCESSES, tmp_path, REDIS_URL=redis.url) as processes:
        race = Race(processes, waiting=2000, seats=600)
        asyncio.run(race.run())
    check_history(figures, race)
    figures.note("outcomes", race.history.outcomes())
    figures.note("limits set", len(race.history.succeeded("limit")))
    figures.note("withdrawn", len(race.history.succeeded("cancelled")))
    figures.note("took, in s", round(race.history.calls[-1].ended - race.history.calls[0].began))
    assert race.history.outcomes().get("event_full", 0) > 100
    figures.check()


def test_approval_race_fails_without_the_lock(figures, redis, tmp_path):
    with WebProcesses(
        PROCESSES,
        tmp_path,
        REDIS_URL=redis.url,
        DJANGO_SETTINGS_MODULE="tests.faults.without_lock_settings",
    ) as processes:
        race = Race(processes, waiting=400, seats=60)
        asyncio.run(race.run())
    twin = Figures("twin")
    check_history(twin, race)
    for missed in twin.missed:
        figures.note("seen", missed)
    assert any(missed.startswith("confirmed above the limit") for missed in twin.missed), twin.all
