"""Processes are killed during requests; a request that is repeated with its key is done once."""

import asyncio
import random
import time
import uuid
from contextlib import suppress

import pytest

from tests.faults.api_callers import Answer, Caller, NoAnswer, NotSent, make_tokens
from tests.faults.web_processes import WebProcesses
from tests.support.factories import make_event, make_people
from tickets.queue.invariants import violations

pytestmark = pytest.mark.django_db(transaction=True)
CRASHES, EACH, REPLAYS = 6, 16, 5
# How long a key stays claimed by a process that died with it, and a little.
CLAIMED_SECONDS = 33


class Crashes:
    def __init__(self, event, processes) -> None:
        self.event, self.processes = event, processes
        self.people = make_people(CRASHES * EACH)
        self.tokens, self.keys = make_tokens(self.people), [str(uuid.uuid4()) for _ in self.people]
        self.cut_off, self.usable_after = 0, 0.0
        self.told: list[list[Answer]] = []
        self.other_bodies: list[int] = []

    async def run(self) -> None:
        chance = random.Random("crashes")
        dying, living = self.processes.ports
        for crash in range(CRASHES):
            batch = range(crash * EACH, (crash + 1) * EACH)
            sending = [asyncio.create_task(self.send(index, dying)) for index in batch]
            await asyncio.sleep(chance.uniform(0.02, 0.15))
            await asyncio.to_thread(self.processes.kill, dying)
            await asyncio.gather(*sending)
            await asyncio.to_thread(self.processes.start, dying)
        began = time.monotonic()
        self.told = [
            list(answers)
            for answers in await asyncio.gather(
                *(self.replay(index, living) for index in range(len(self.people)))
            )
        ]
        self.usable_after = time.monotonic() - began
        for index in range(0, len(self.people), 8):
            answer = await Caller().ask(
                living,
                "POST",
                self.path,
                token=self.tokens[index],
                key=self.keys[index],
                body={"other": "body"},
            )
            self.other_bodies.append(answer.status)

    @property
    def path(self) -> str:
        return f"/api/events/{self.event.pk}/register/"

    async def send(self, index: int, port: int) -> None:
        caller = Caller()
        try:
            await caller.ask(
                port, "POST", self.path, token=self.tokens[index], key=self.keys[index]
            )
        except (NoAnswer, NotSent):
            self.cut_off += 1
        await caller.close()

    async def replay(self, index: int, port: int) -> list[Answer]:
        return list(
            await asyncio.gather(*(self.ask_until_told(index, port) for _ in range(REPLAYS)))
        )

    async def ask_until_told(self, index: int, port: int) -> Answer:
        caller, until = Caller(patience=60), time.monotonic() + 90
        answer = None
        while time.monotonic() < until:
            with suppress(NoAnswer, NotSent):
                answer = await caller.ask(
                    port, "POST", self.path, token=self.tokens[index], key=self.keys[index]
                )
                if answer.status not in {409, 503}:
                    break
            await asyncio.sleep(1)
        await caller.close()
        assert answer is not None
        return answer


def test_idempotency_across_crashes(figures, redis, tmp_path):
    event = make_event(seats_limit=40, admission="automatic")
    with WebProcesses(2, tmp_path, REDIS_URL=redis.url) as processes:
        crashes = Crashes(event, processes)
        asyncio.run(crashes.run())
    places = dict(event.reservations.values_list("person_id", "pk"))
    figures.note("processes killed (-9)", processes.kills)
    figures.note("requests cut off", crashes.cut_off)
    figures.exactly(
        "replays not answered 201",
        sum(answer.status != 201 for answers in crashes.told for answer in answers),
        0,
    )
    figures.exactly(
        "keys with more than one answer",
        sum(len({answer.body for answer in answers}) > 1 for answers in crashes.told),
        0,
    )
    wrong = sum(
        answers[0].status != 201 or answers[0].data["reservation_id"] != places.get(person.pk)
        for person, answers in zip(crashes.people, crashes.told, strict=True)
    )
    figures.exactly("keys told of another reservation than there is", wrong, 0)
    figures.exactly("reservations", event.reservations.count(), len(crashes.people))
    figures.exactly("another body under the same key", sorted(set(crashes.other_bodies)), [422])
    figures.at_most("all keys usable again", crashes.usable_after, CLAIMED_SECONDS, "s")
    figures.exactly("broken invariants", len(violations()), 0)
    assert crashes.cut_off > EACH
    figures.check()
