"""3,000 people want 500 seats while web processes and Redis are killed."""

import asyncio
import random
import uuid
from contextlib import suppress
from typing import Any

import pytest
from django.db import connection

from tests.faults.api_callers import Answer, Call, Caller, History, NoAnswer, NotSent, make_tokens
from tests.faults.figures import Figures
from tests.faults.socket_watcher import Watcher
from tests.faults.web_processes import WebProcesses
from tests.support.factories import make_event, make_people
from tests.support.processes import wait_until
from tickets.queue.invariants import violations

pytestmark = pytest.mark.django_db(transaction=True)
SEATS, PEOPLE, ATTEMPTS, CONNECTIONS, PROCESSES = 500, 3000, 10_000, 64, 4
KILL_EVERY, REDIS_AWAY = 5.0, 5.0
# A caller with a key repeats the request until it is answered; a key that a killed process had
# claimed is free again after 30 s.
TRIES, PAUSE = 120, 0.5


class Storm:
    """The attempts of all people on all connections; every other one has an Idempotency-Key."""

    def __init__(
        self, event: Any, people: list[Any], processes: WebProcesses, *, attempts: int
    ) -> None:
        self.event, self.people, self.processes = event, people, processes
        chance = random.Random("storm")
        wanted = list(range(len(people))) * (attempts // len(people))
        wanted += chance.sample(range(len(people)), attempts - len(wanted))
        chance.shuffle(wanted)
        self.wanted = list(enumerate(wanted))
        self.history, self.chance = History(), chance
        self.tokens = make_tokens(people)

    async def run(self) -> None:
        await asyncio.gather(*(self.person_after_person() for _ in range(CONNECTIONS)))

    async def person_after_person(self) -> None:
        caller = Caller()
        while self.wanted:
            number, index = self.wanted.pop()
            await self.attempt(caller, index, key=str(uuid.uuid4()) if number % 2 else "")
        await caller.close()

    async def attempt(self, caller: Caller, index: int, *, key: str) -> None:
        call = self.history.begin(self.people[index].pk, "reserve", key)
        answer: Answer | None = None
        for _try in range(TRIES):
            port = self.chance.choice(self.processes.ports)
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
        self.history.end(call, answer)

    def count(self, answer: Answer | None) -> None:
        """Count an answer after which the request is repeated."""
        self.history.unanswered += answer is None
        if answer:
            self.history.statuses[answer.status] += 1


def is_known(answer: Answer | None) -> bool:
    return answer is not None and answer.status < 500 and answer.status != 409


async def scenario(storm: Storm, redis: Any) -> list[float]:
    """Run the storm with kills. Returns the seconds until each watcher had the final numbers."""
    processes = storm.processes
    watchers = [Watcher(port, storm.event.pk) for port in processes.ports]
    watching = [asyncio.create_task(watcher.watch()) for watcher in watchers]
    killing = asyncio.create_task(processes.kill_in_turn(KILL_EVERY))
    breaking = asyncio.create_task(kill_and_restart(redis))
    await storm.run()
    killing.cancel()
    with suppress(asyncio.CancelledError):
        await killing
    await breaking
    await asyncio.to_thread(
        wait_until, lambda: all(site.process.poll() is None for site in processes.sites.values())
    )
    truth = await asyncio.to_thread(recount, storm.event)
    seconds = list(
        await asyncio.gather(*(watcher.wait_for(truth, within=10) for watcher in watchers))
    )
    for task in watching:
        task.cancel()
    return seconds


def recount(event: Any) -> dict[str, int]:
    """The numbers that sockets should show; in a thread, so with a connection of its own."""
    confirmed = event.reservations.confirmed().count()
    pending = event.reservations.pending().count()
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


def check_history(figures: Figures, event: Any, history: History) -> None:
    """Compare the history with the database."""
    stored = {row.pk: row for row in event.reservations.in_queue_order()}
    acknowledged = history.succeeded("reserve")
    event.refresh_from_db()
    confirmed = sum(row.is_confirmed for row in stored.values())
    figures.exactly("confirmed", confirmed, event.seats_limit)
    check_people(figures, stored, history)
    lost = sum(call.data["reservation_id"] not in stored for call in acknowledged)
    figures.none("acknowledged and lost", lost)
    told_confirmed = [call for call in acknowledged if call.data["status"] == "confirmed"]
    wrong = sum(not is_confirmed(call, stored) for call in told_confirmed)
    figures.none("acknowledged as confirmed and not so", wrong)
    check_order(figures, event, stored, acknowledged)
    figures.none("5xx but 503", history.server_errors())
    figures.none("broken invariants", len(violations()))
    figures.none("deadlocks", deadlocks())


def check_people(figures: Figures, stored: dict[int, Any], history: History) -> None:
    """Whether each person has, and was told of, the one reservation that they asked for."""
    people = {row.person_id for row in stored.values()}
    figures.none("reserved by nobody who asked", len(people - {call.who for call in history.calls}))
    figures.none("people with two places", len(stored) - len(people))
    told = {call.data["reservation_id"]: call.who for call in history.succeeded("reserve")}
    wrong = sum(stored[pk].person_id != who for pk, who in told.items() if pk in stored)
    figures.none("acknowledged to somebody else", wrong)
    figures.none("people told of two places", len(told) - len(set(told.values())))


def check_order(
    figures: Figures, event: Any, stored: dict[int, Any], acknowledged: list[Call]
) -> None:
    """Whether the queue is in the order in which reservations were committed and acknowledged."""
    order = list(stored)
    unseated = sum(not stored[pk].is_confirmed for pk in order[: event.seats_limit])
    figures.none("seats given out of turn", unseated)
    moved = sum(a != b for a, b in zip(order, by_commit(event), strict=True))
    figures.none("places that differ from the order of commits", moved)
    behind = overtaken(order, acknowledged)
    figures.none("acknowledged before another asked, and behind it", behind)


def is_confirmed(call: Call, stored: dict[int, Any]) -> bool:
    row = stored.get(call.data["reservation_id"])
    return row is not None and row.is_confirmed


def by_commit(event: Any) -> list[int]:
    """The reservations in the order of their commits, while no later transaction changed a row."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM tickets_reservation WHERE event_id = %s "
            "ORDER BY pg_xact_commit_timestamp(xmin), id",
            [event.pk],
        )
        return [row[0] for row in cursor.fetchall()]


def overtaken(order: list[int], told: list[Call]) -> int:
    """Count reservations before one that was acknowledged before they were asked for."""
    asked: dict[int, float] = {}
    heard: dict[int, float] = {}
    for call in told:
        pk = call.data["reservation_id"]
        asked[pk] = min(call.began, asked.get(pk, call.began))
        heard[pk] = min(call.ended, heard.get(pk, call.ended))
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


def test_registration_storm(figures, redis, tmp_path):
    event, people = make_event(seats_limit=SEATS, admission="automatic"), make_people(PEOPLE)
    with WebProcesses(PROCESSES, tmp_path, REDIS_URL=redis.url) as processes:
        storm = Storm(event, people, processes, attempts=ATTEMPTS)
        seconds = asyncio.run(scenario(storm, redis))
        history = storm.history
        check_history(figures, event, history)
        figures.at_most("numbers on every process right after", max(seconds), 5, "s")
        figures.at_least("web processes killed (-9)", processes.kills, 5)
        took = max(call.ended for call in history.calls) - min(call.began for call in history.calls)
        figures.at_most("the storm took", took, 180, "s")
        figures.note("answers by status", dict(sorted(history.statuses.items())))
        figures.note("asked and got no answer", history.unanswered)
        figures.note("outcomes", history.outcomes())
        figures.note(
            "p50 / p95 of an answer, in s",
            f"{history.percentile(0.5):.2f} / {history.percentile(0.95):.2f}",
        )
        # Else the checker had nothing to judge.
        assert len(history.calls) == ATTEMPTS
        figures.at_least("acknowledged", len(history.succeeded("reserve")), PEOPLE * 0.9)
    figures.check()


def test_registration_storm_fails_without_the_lock(figures, redis, tmp_path):
    event, people = make_event(seats_limit=50, admission="automatic"), make_people(600)
    with WebProcesses(
        PROCESSES,
        tmp_path,
        REDIS_URL=redis.url,
        DJANGO_SETTINGS_MODULE="tests.faults.without_lock_settings",
    ) as processes:
        storm = Storm(event, people, processes, attempts=1200)
        asyncio.run(storm.run())
    twin = Figures("twin")
    check_history(twin, event, storm.history)
    for missed in twin.missed:
        figures.note("seen", missed)
    assert any(missed.startswith("confirmed") for missed in twin.missed), twin.all
