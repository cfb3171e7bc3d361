"""SIGTERM under load: what was asked before it is answered, sockets say why they close, and the process is gone in time."""

import asyncio
import signal
import time

import pytest

from tests.faults.crowd import Caller, History, NoAnswer, NotSent, tokens
from tests.faults.fleet import Fleet
from tests.faults.watching import Watcher
from tests.support.factories import make_event, make_people
from tickets.queue.invariants import violations

pytestmark = pytest.mark.django_db(transaction=True)
CALLERS, SOCKETS = 32, 20


class Rush:
    def __init__(self, event, fleet) -> None:
        self.event, self.port, self.history = event, fleet.ports[0], History()
        self.site = fleet.sites[self.port]
        self.people = make_people(3000)
        self.tokens = tokens(self.people)
        self.left = iter(range(len(self.people)))
        self.stopped = self.ended = float("inf")

    async def run(self) -> list[int]:
        watchers = [Watcher(self.port, self.event.pk) for _ in range(SOCKETS)]
        watching = [asyncio.create_task(watcher.watch()) for watcher in watchers]
        asking = [asyncio.create_task(self.ask_on()) for _ in range(CALLERS)]
        for watcher in watchers:
            await watcher.sees({"event_id": self.event.pk}, within=15)
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
            deed = self.history.begin(self.people[index].pk, "reserve")
            try:
                self.history.end(
                    deed,
                    await caller.ask(
                        self.port,
                        "POST",
                        f"/api/events/{self.event.pk}/register/",
                        token=self.tokens[index],
                    ),
                )
            except NotSent:
                self.history.deeds.remove(deed)
                break
            except NoAnswer:
                self.history.end(deed, None)
        await caller.close()


def test_sigterm_under_load(figures, redis, tmp_path):
    event = make_event(seats_limit=50, admission="automatic")
    with Fleet(1, tmp_path, REDIS_URL=redis.url) as fleet:
        rush = Rush(event, fleet)
        closed_with = asyncio.run(rush.run())
        in_flight = [deed for deed in rush.history.deeds if deed.began < rush.stopped < deed.ended]
        figures.note("requests in flight at SIGTERM", len(in_flight))
        figures.exactly(
            "of these without their answer", sum(deed.outcome == "unknown" for deed in in_flight), 0
        )
        figures.note(
            "asked after SIGTERM on an open connection, unanswered", rush.history.unanswered
        )
        figures.exactly("sockets closed with 1001", closed_with.count(1001), SOCKETS)
        figures.at_most("until the process was gone", rush.ended - rush.stopped, 10, "s")
        figures.exactly("its exit code", rush.site.process.returncode, 0)
        figures.exactly("5xx but 503", rush.history.unforgivable(), 0)
        stored = set(event.reservations.values_list("pk", flat=True))
        figures.exactly(
            "acknowledged and lost",
            sum(deed.data["reservation_id"] not in stored for deed in rush.history.done("reserve")),
            0,
        )
        figures.exactly("broken invariants", len(violations()), 0)
        assert len(in_flight) > 5
    figures.judge()
