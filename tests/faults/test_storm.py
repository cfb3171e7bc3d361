"""Three thousand people want five hundred seats, while web processes and Redis are killed under them."""

import asyncio
import random
import uuid
from contextlib import suppress
from typing import Any

import pytest
from django.db import connection

from tests.faults.crowd import Answer, Caller, Deed, History, NoAnswer, NotSent, tokens
from tests.faults.figures import Figures
from tests.faults.fleet import Fleet
from tests.faults.watching import Watcher
from tests.support.factories import make_event, make_people
from tests.support.processes import wait_until
from tickets.queue.invariants import violations

pytestmark = pytest.mark.django_db(transaction=True)
SEATS, PEOPLE, ATTEMPTS, CONNECTIONS, PROCESSES = 500, 3000, 10_000, 64, 4
KILL_EVERY, REDIS_AWAY = 5.0, 5.0
# Whoever has a key asks again until they know; a key that a killed process had claimed is free again after 30 s.
TRIES, PAUSE = 120, 0.5


class Storm:
    """Everybody's attempts, dealt to so many connections. Every other attempt carries an Idempotency-Key."""

    def __init__(self, event: Any, people: list[Any], fleet: Fleet, *, attempts: int) -> None:
        self.event, self.people, self.fleet = event, people, fleet
        chance = random.Random("storm")
        wanted = list(range(len(people))) * (attempts // len(people))
        wanted += chance.sample(range(len(people)), attempts - len(wanted))
        chance.shuffle(wanted)
        self.wanted = list(enumerate(wanted))
        self.history, self.chance = History(), chance
        self.tokens = tokens(people)

    async def run(self) -> None:
        await asyncio.gather(*(self.person_after_person() for _ in range(CONNECTIONS)))

    async def person_after_person(self) -> None:
        caller = Caller()
        while self.wanted:
            number, index = self.wanted.pop()
            await self.attempt(caller, index, key=str(uuid.uuid4()) if number % 2 else "")
        await caller.close()

    async def attempt(self, caller: Caller, index: int, *, key: str) -> None:
        deed = self.history.begin(self.people[index].pk, "reserve", key)
        answer: Answer | None = None
        for _try in range(TRIES):
            port = self.chance.choice(self.fleet.ports)
            sent = True
            try:
                answer = await caller.ask(
                    port,
                    "POST",
                    f"/api/events/{self.event.pk}/register/",
                    token=self.tokens[index],
                    key=key,
                )
            except NotSent:
                sent = False
            except NoAnswer:
                answer = None
            if sent and (not key or is_known(answer)):
                break
            if sent:
                self.count(answer)
            await asyncio.sleep(PAUSE if sent else 0.1)
        self.history.end(deed, answer)

    def count(self, answer: Answer | None) -> None:
        """An answer on the way to the one that counts."""
        self.history.unanswered += answer is None
        if answer:
            self.history.statuses[answer.status] += 1


def is_known(answer: Answer | None) -> bool:
    return answer is not None and answer.status < 500 and answer.status != 409


async def scenario(storm: Storm, redis: Any) -> list[float]:
    """The storm with its kills; afterwards, how long each process' watcher takes to see the final numbers."""
    fleet = storm.fleet
    watchers = [Watcher(port, storm.event.pk) for port in fleet.ports]
    watching = [asyncio.create_task(watcher.watch()) for watcher in watchers]
    killing = asyncio.create_task(fleet.kill_in_turn(KILL_EVERY))
    breaking = asyncio.create_task(kill_and_restart(redis))
    await storm.run()
    killing.cancel()
    with suppress(asyncio.CancelledError):
        await killing
    await breaking
    await asyncio.to_thread(
        wait_until, lambda: all(site.process.poll() is None for site in fleet.sites.values())
    )
    truth = await asyncio.to_thread(recount, storm.event)
    seconds = list(await asyncio.gather(*(watcher.sees(truth, within=10) for watcher in watchers)))
    for task in watching:
        task.cancel()
    return seconds


def recount(event: Any) -> dict[str, int]:
    """What the sockets should show. On a thread of its own, so with a connection of its own."""
    confirmed, pending = (
        event.reservations.confirmed().count(),
        event.reservations.pending().count(),
    )
    connection.close()
    return {
        "confirmed_count": confirmed,
        "pending_count": pending,
        "spots_left": max(0, event.seats_limit - confirmed),
    }


async def kill_and_restart(redis: Any) -> None:
    await asyncio.sleep(12)
    await asyncio.to_thread(redis.stop)
    await asyncio.sleep(REDIS_AWAY)
    await asyncio.to_thread(redis.start)


def judge(figures: Figures, event: Any, history: History) -> None:
    """The history against the database."""
    stored = {row.pk: row for row in event.reservations.in_queue_order()}
    order = list(stored)
    told = history.done("reserve")
    event.refresh_from_db()
    figures.exactly(
        "confirmed", sum(row.is_confirmed for row in stored.values()), event.seats_limit
    )
    figures.exactly(
        "reserved by nobody who asked",
        len({row.person_id for row in stored.values()} - {deed.who for deed in history.deeds}),
        0,
    )
    figures.exactly(
        "acknowledged and lost", sum(deed.data["reservation_id"] not in stored for deed in told), 0
    )
    theirs = {deed.data["reservation_id"]: deed.who for deed in told}
    figures.exactly(
        "acknowledged to somebody else",
        sum(stored[pk].person_id != who for pk, who in theirs.items() if pk in stored),
        0,
    )
    figures.exactly(
        "acknowledged as confirmed and not so",
        sum(not is_kept(deed, stored) for deed in told if deed.data["status"] == "confirmed"),
        0,
    )
    figures.exactly(
        "people with two places", len(stored) - len({row.person_id for row in stored.values()}), 0
    )
    figures.exactly("people told of two places", len(theirs) - len(set(theirs.values())), 0)
    figures.exactly(
        "seats given out of turn",
        sum(not stored[pk].is_confirmed for pk in order[: event.seats_limit]),
        0,
    )
    figures.exactly(
        "places that differ from the order of commits",
        sum(a != b for a, b in zip(order, by_commit(event), strict=True)),
        0,
    )
    figures.exactly("acknowledged before another asked, and behind it", overtaken(order, told), 0)
    figures.exactly("5xx but 503", history.unforgivable(), 0)
    figures.exactly("broken invariants", len(violations()), 0)
    figures.exactly("deadlocks", deadlocks(), 0)


def is_kept(deed: Deed, stored: dict[int, Any]) -> bool:
    row = stored.get(deed.data["reservation_id"])
    return row is not None and row.is_confirmed


def by_commit(event: Any) -> list[int]:
    """The reservations in the order in which PostgreSQL committed them. Holds while no row was changed by a later transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM tickets_reservation WHERE event_id = %s ORDER BY pg_xact_commit_timestamp(xmin), id",
            [event.pk],
        )
        return [row[0] for row in cursor.fetchall()]


def overtaken(order: list[int], told: list[Deed]) -> int:
    """Pairs next to which the order of the queue contradicts the clock: who had their answer before another asked stands before them."""
    asked: dict[int, float] = {}
    heard: dict[int, float] = {}
    for deed in told:
        pk = deed.data["reservation_id"]
        asked[pk], heard[pk] = (
            min(deed.began, asked.get(pk, deed.began)),
            min(deed.ended, heard.get(pk, deed.ended)),
        )
    count, earliest = 0, float("inf")
    for pk in reversed(order):
        if pk in asked:
            count += earliest < asked[pk]
            earliest = min(earliest, heard[pk])
    return count


def deadlocks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return cursor.fetchone()[0]


def test_storm(figures, redis, tmp_path):
    event, people = make_event(seats_limit=SEATS, admission="automatic"), make_people(PEOPLE)
    with Fleet(PROCESSES, tmp_path, REDIS_URL=redis.url) as fleet:
        storm = Storm(event, people, fleet, attempts=ATTEMPTS)
        seconds = asyncio.run(scenario(storm, redis))
        history = storm.history
        judge(figures, event, history)
        figures.at_most("numbers on every process right after", max(seconds), 5, "s")
        figures.at_least("web processes killed (-9)", fleet.kills, 5)
        took = max(deed.ended for deed in history.deeds) - min(deed.began for deed in history.deeds)
        figures.at_most("the storm took", took, 180, "s")
        figures.note("answers by status", dict(sorted(history.statuses.items())))
        figures.note("asked and got no answer", history.unanswered)
        figures.note("outcomes", history.outcomes())
        figures.note(
            "p50 / p95 of an answer, in s",
            f"{history.percentile(0.5):.2f} / {history.percentile(0.95):.2f}",
        )
        # Else the checker had nothing to judge.
        assert len(history.deeds) == ATTEMPTS
        figures.at_least("acknowledged", len(history.done("reserve")), PEOPLE * 0.9)
    figures.judge()


def test_storm_without_the_lock_is_seen_through(figures, redis, tmp_path):
    event, people = make_event(seats_limit=50, admission="automatic"), make_people(600)
    with Fleet(
        PROCESSES,
        tmp_path,
        REDIS_URL=redis.url,
        DJANGO_SETTINGS_MODULE="tests.faults.unguarded_settings",
    ) as fleet:
        storm = Storm(event, people, fleet, attempts=1200)
        asyncio.run(storm.run())
    twin = Figures("twin")
    judge(twin, event, storm.history)
    for missed in twin.missed:
        figures.note("seen", missed)
    assert any(missed.startswith("confirmed") for missed in twin.missed), twin.all
