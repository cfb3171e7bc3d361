"""PostgreSQL crashes under load: 503 at once, nothing is lost, and no process must be restarted."""

import asyncio
import random
import time

import pytest
from django.db import connection

from eventflow import mail
from eventflow.mail.models import Mail
from tests.faults import postgresql
from tests.faults.api_callers import Answer, Caller, History, NoAnswer, make_tokens
from tests.faults.web_processes import WebProcesses
from tests.support import mail_builders, processes
from tests.support.factories import make_event, make_people
from tickets.queue.invariants import violations

pytestmark = pytest.mark.django_db(transaction=True)
CALLERS, PROCESSES, AWAY, AFTERWARDS = 16, 2, 6.0, 8.0


class Outage:
    """People who send request after request, and what each process answered when."""

    def __init__(self, event, web) -> None:
        self.event, self.web, self.history = event, web, History()
        self.people = make_people(4000)
        self.tokens = make_tokens(self.people)
        self.left = iter(range(len(self.people)))
        # When each answer was asked for, by which process it was given, and what it was.
        self.heard: list[tuple[float, int, Answer]] = []
        self.over = False
        self.stopped = self.back = 0.0

    async def run(self) -> None:
        asking = [
            asyncio.create_task(self.ask_on(self.web.ports[number % PROCESSES]))
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
            call = self.history.begin(self.people[index].pk, "reserve")
            try:
                answer = await caller.ask(
                    port, "POST", f"/api/events/{self.event.pk}/register/", token=self.tokens[index]
                )
            except NoAnswer:
                self.history.end(call, None)
                continue
            self.history.end(call, answer)
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
        """Seconds from the return of PostgreSQL to the last failure of this process."""
        bad = [
            began + answer.seconds
            for began, where, answer in self.heard
            if where == port and answer.status != 201 and began > self.stopped
        ]
        return max(bad, default=self.back) - self.back


def test_postgresql_restarts_under_load(figures, redis, smtp_server, tmp_path):
    # Every reservation queues a mail; the one that measures the worker leaves before those.
    event = make_event(seats_limit=5, admission="automatic")
    command = processes.command("worker", "--interval", "0.2")
    env = {**smtp_server.env, "WORKER_BEAT_SECONDS": 1}
    with (
        WebProcesses(PROCESSES, tmp_path, REDIS_URL=redis.url) as web,
        processes.running(command, **env) as worker,
    ):
        outage, pids = Outage(event, web), web.pids()
        asyncio.run(outage.run())
        # The connection of this process broke as well.
        connection.close()
        check_answers(figures, outage)
        acknowledged = {call.data["reservation_id"] for call in outage.history.succeeded("reserve")}
        stored = set(event.reservations.values_list("pk", flat=True))
        figures.note("reservations acknowledged", len(acknowledged))
        figures.none("acknowledged and lost", len(acknowledged - stored))
        figures.none("broken invariants", len(violations()))
        restarted = sum(a != b for a, b in zip(pids, web.pids(), strict=True))
        figures.none("processes started again", restarted + (worker.poll() is not None))
        # The worker has reconnected, too.
        figures.at_most("worker: mail after its return", seconds_of_a_mail(smtp_server), 5, "s")
    figures.check()


def check_answers(figures, outage):
    """Whether the web processes answered 503 during the outage, and were well soon after it."""
    during = outage.during()
    figures.note("answers while it was away", len(during))
    wrong = [answer.status != 503 or "retry-after" not in answer.headers for answer in during]
    figures.none("of these, not 503 with Retry-After", sum(wrong))
    figures.at_most("slowest of these", max(answer.seconds for answer in during), 2, "s")
    until_well = max(outage.seconds_until_well(port) for port in outage.web.ports)
    figures.at_most("until the last 503 after its return", until_well, 5, "s")
    figures.none("requests without an answer", outage.history.unanswered)
    figures.none("5xx but 503", outage.history.server_errors())
    answered = [began for began, _port, answer in outage.heard if answer.status == 201]
    assert max(answered) > outage.back
    assert len(during) > 20


def seconds_of_a_mail(smtp_server):
    """Queue a mail and wait until the worker has sent it. Returns the seconds that it took."""
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
    return time.monotonic() - began
