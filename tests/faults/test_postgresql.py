"""PostgreSQL crashes in the middle of everything and comes back: 503 at once, nothing lost, and nobody starts anything again."""

import asyncio
import random
import time

import pytest
from django.db import connection

from eventflow import mail
from eventflow.mail.models import Mail
from tests.faults import postgresql
from tests.faults.crowd import Answer, Caller, History, NoAnswer, tokens
from tests.faults.fleet import Fleet
from tests.support import mail_builders, processes
from tests.support.factories import make_event, make_people
from tickets.queue.invariants import violations

pytestmark = pytest.mark.django_db(transaction=True)
CALLERS, PROCESSES, AWAY, AFTERWARDS = 16, 2, 6.0, 8.0


class Outage:
    """People who go on asking whatever they hear, and what each process said when."""

    def __init__(self, event, fleet) -> None:
        self.event, self.fleet, self.history = event, fleet, History()
        self.people = make_people(4000)
        self.tokens = tokens(self.people)
        self.left = iter(range(len(self.people)))
        # When each answer was asked for, by which process it was given, and what it was.
        self.heard: list[tuple[float, int, Answer]] = []
        self.over = False
        self.stopped = self.back = 0.0

    async def run(self) -> None:
        asking = [
            asyncio.create_task(self.ask_on(self.fleet.ports[number % PROCESSES]))
            for number in range(CALLERS)
        ]
        await asyncio.sleep(3)
        self.stopped = time.monotonic()
        await asyncio.to_thread(postgresql.stop)
        await asyncio.sleep(AWAY)
        await asyncio.to_thread(postgresql.start)
        self.back = time.monotonic()
        await asyncio.sleep(AFTERWARDS)
        self.over = True
        await asyncio.gather(*asking)

    async def ask_on(self, port: int) -> None:
        caller, chance = Caller(), random.Random(port)
        for index in self.left:
            if self.over:
                break
            began = time.monotonic()
            deed = self.history.begin(self.people[index].pk, "reserve")
            try:
                answer = await caller.ask(
                    port, "POST", f"/api/events/{self.event.pk}/register/", token=self.tokens[index]
                )
            except NoAnswer:
                self.history.end(deed, None)
                continue
            self.history.end(deed, answer)
            self.heard.append((began, port, answer))
            await asyncio.sleep(chance.uniform(0.05, 0.15))
        await caller.close()

    def during(self) -> list[Answer]:
        return [
            answer
            for began, _port, answer in self.heard
            if began < self.back and began + answer.seconds > self.stopped and answer.status != 201
        ]

    def seconds_until_well(self, port: int) -> float:
        """After its return: until the last answer of this process that was none."""
        bad = [
            began + answer.seconds
            for began, where, answer in self.heard
            if where == port and answer.status != 201 and began > self.stopped
        ]
        return max(bad, default=self.back) - self.back


def test_postgresql_restarts_under_load(figures, redis, smtp_server, tmp_path):
    # Everybody who reserves is written to; the mail that the worker is timed with is one of those that leave before them.
    event = make_event(seats_limit=5, admission="automatic")
    with (
        Fleet(PROCESSES, tmp_path, REDIS_URL=redis.url) as fleet,
        processes.running(
            processes.command("worker", "--interval", "0.2"),
            **smtp_server.env,
            WORKER_BEAT_SECONDS=1,
        ) as worker,
    ):
        outage, pids = Outage(event, fleet), fleet.pids()
        asyncio.run(outage.run())
        # Ours broke as well.
        connection.close()
        during = outage.during()
        figures.note("answers while it was away", len(during))
        figures.exactly(
            "of these, not 503 with Retry-After",
            sum(answer.status != 503 or "retry-after" not in answer.headers for answer in during),
            0,
        )
        figures.at_most("slowest of these", max(answer.seconds for answer in during), 2, "s")
        figures.at_most(
            "until the last 503 after its return",
            max(outage.seconds_until_well(port) for port in fleet.ports),
            5,
            "s",
        )
        figures.exactly("requests without an answer", outage.history.unanswered, 0)
        figures.exactly("5xx but 503", outage.history.unforgivable(), 0)
        told = {deed.data["reservation_id"] for deed in outage.history.done("reserve")}
        stored = set(event.reservations.values_list("pk", flat=True))
        figures.note("reservations acknowledged", len(told))
        figures.exactly("acknowledged and lost", len(told - stored), 0)
        figures.exactly("broken invariants", len(violations()), 0)
        figures.exactly(
            "processes started again",
            sum(a != b for a, b in zip(pids, fleet.pids(), strict=True))
            + (worker.poll() is not None),
            0,
        )
        # The worker found its way back, too.
        began = time.monotonic()
        mail.queue_to_address(
            mail_builders.note,
            address="reader@example.org",
            language="en",
            args={"subject": "Afterwards"},
        )
        processes.wait_until(
            lambda: (
                "Afterwards" in smtp_server.subjects()
                or not Mail.objects.filter(state="queued").exists()
            ),
            seconds=30,
        )
        figures.at_most("worker: mail after its return", time.monotonic() - began, 5, "s")
        assert any(
            began > outage.back and answer.status == 201 for began, _port, answer in outage.heard
        )
        assert len(during) > 20
    figures.judge()
