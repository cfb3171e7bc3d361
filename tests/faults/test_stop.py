"""SIGTERM under load: open requests are answered, sockets closed, and the process ends in time."""

import asyncio
import signal
import time

import pytest

from tests.faults.api_callers import Caller, History, NoAnswer, NotSent, make_tokens
from tests.faults.socket_watcher import Watcher
from tests.faults.web_processes import WebProcesses
from tests.support.factories import make_event, make_people
from tickets.queue.invariants import violations

pytestmark = pytest.mark.django_db(transaction=True)
CALLERS, SOCKETS = 32, 20


class Load:
    def __init__(self, event, processes) -> None:
        self.event, self.port, self.history = event, processes.ports[0], History()
        self.site = processes.sites[self.port]
        self.people = make_people(3000)
        self.tokens = make_tokens(self.people)
        self.left = iter(range(len(self.people)))
        self.stopped = self.ended = float("inf")

    async def run(self) -> list[int]:
        watchers = [Watcher(self.port, self.event.pk) for _ in range(SOCKETS)]
        watching = [asyncio.create_task(watcher.watch()) for watcher in watchers]
        asking = [asyncio.create_task(self.ask_on()) for _ in range(CALLERS)]
        for watcher in watchers:
            await watcher.wait_for({"event_id": self.event.pk}, within=15)
        await asyncio.sleep(2)
        self.stopped = time.monotonic()
        self.site.process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(self.site.process.wait, 20)
        self.ended = time.monotonic()
        await asyncio.gather(*asking)
        await asyncio.sleep(0.5)
        for task in watching:
            task.cancel()
        return [watcher.closed_with[0] if watcher.closed_with else 0 for watcher in watchers]

    async def ask_on(self) -> None:
        caller = Caller()
        for index in self.left:
            call = self.history.begin(self.people[index].pk, "reserve")
            try:
                self.history.end(
                    call,
                    await caller.ask(
                        self.port,
                        "POST",
                        f"/api/events/{self.event.pk}/register/",
                        token=self.tokens[index],
                    ),
                )
            except NotSent:
                self.history.calls.remove(call)
                break
            except NoAnswer:
                self.history.end(call, None)
        await caller.close()


def test_sigterm_under_load(figures, redis, tmp_path):
    event = make_event(seats_limit=50, admission="automatic")
    with WebProcesses(1, tmp_path, REDIS_URL=redis.url) as processes:
        load = Load(event, processes)
        closed_with = asyncio.run(load.run())
        in_flight = [call for call in load.history.calls if call.began < load.stopped < call.ended]
        figures.note("requests in flight at SIGTERM", len(in_flight))
        figures.exactly(
            "of these without their answer", sum(call.outcome == "unknown" for call in in_flight), 0
        )
        figures.note(
            "asked after SIGTERM on an open connection, unanswered", load.history.unanswered
        )
        figures.exactly("sockets closed with 1001", closed_with.count(1001), SOCKETS)
        figures.at_most("until the process was gone", load.ended - load.stopped, 10, "s")
        figures.exactly("its exit code", load.site.process.returncode, 0)
        figures.exactly("5xx but 503", load.history.server_errors(), 0)
        stored = set(event.reservations.values_list("pk", flat=True))
        figures.exactly(
            "acknowledged and lost",
            sum(
                call.data["reservation_id"] not in stored
                for call in load.history.succeeded("reserve")
            ),
            0,
        )
        figures.exactly("broken invariants", len(violations()), 0)
        assert len(in_flight) > 5
    figures.check()
