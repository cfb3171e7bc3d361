"""Redis refuses, hangs or crawls: what people came for still works in time, and the numbers are right soon after its return."""

import asyncio

import pytest

from tests.faults.crowd import Caller, History, tokens
from tests.faults.fleet import Fleet
from tests.faults.proxy import Line, line_to
from tests.faults.watching import Watcher
from tests.support.factories import PASSWORD, make_event, make_people, make_person, make_reservation
from tickets.queue.invariants import violations

pytestmark = pytest.mark.django_db(transaction=True)
GUESTS, AT_ONCE = 24, 4
MOODS = {"refused": Line.refuse, "hung": Line.hang, "slow": lambda line: line.slow(1.5)}


class Evening:
    """Guests who reserve, an organizer who approves and lets in, and people who sign in; each deed timed."""

    def __init__(self, port: int) -> None:
        self.port, self.event, self.history = port, make_event(seats_limit=GUESTS), History()
        self.guests, self.waiting = (
            make_people(GUESTS),
            [make_reservation(self.event, person) for person in make_people(GUESTS)],
        )
        self.tokens, (self.organizer,) = tokens(self.guests), tokens([self.event.organizer])
        # As many as the limit on log-ins lets in.
        self.logging_in = [make_person() for _ in range(4)]

    async def go_on(self) -> None:
        deeds = []
        for number in range(GUESTS):
            deeds.append(
                (
                    "reserve",
                    "POST",
                    f"/api/events/{self.event.pk}/register/",
                    self.tokens[number],
                    None,
                )
            )
            waiting = self.waiting[number].pk
            deeds.append(
                (
                    "approve",
                    "PATCH",
                    f"/api/reservations/{waiting}/status/",
                    self.organizer,
                    {"status": "confirmed"},
                )
            )
            deeds.append(
                ("check in", "POST", f"/api/reservations/{waiting}/check-in/", self.organizer, None)
            )
        people = [
            ("log in", "POST", "/api/login/", "", {"email": person.email, "password": PASSWORD})
            for person in self.logging_in
        ]
        deeds += people
        # Each guest's three in order, several guests at once.
        lanes = [deeds[start * 3 : start * 3 + 3] for start in range(GUESTS)] + [
            [deed] for deed in people
        ]
        await asyncio.gather(*(self.lane(lanes[number::AT_ONCE]) for number in range(AT_ONCE)))

    async def lane(self, groups: list) -> None:
        caller = Caller()
        for group in groups:
            for verb, method, path, token, body in group:
                deed = self.history.begin(0, verb, path)
                self.history.end(
                    deed, await caller.ask(self.port, method, path, token=token, body=body)
                )
        await caller.close()

    def slowest(self, verb: str) -> float:
        return max(deed.ended - deed.began for deed in self.history.deeds if deed.verb == verb)


async def scenario(evening: Evening, line: Line, mood: str) -> float:
    watcher = Watcher(evening.port, evening.event.pk)
    watching = asyncio.create_task(watcher.watch())
    await watcher.sees({"pending_count": GUESTS}, within=10)
    await asyncio.to_thread(MOODS[mood], line)
    await evening.go_on()
    await asyncio.to_thread(line.through)
    seconds = await watcher.sees(
        {"confirmed_count": GUESTS, "pending_count": GUESTS, "checked_in_count": GUESTS}, within=15
    )
    watching.cancel()
    return seconds


@pytest.mark.parametrize("mood", MOODS)
def test_evening_goes_on_while_redis_is(mood, figures, redis, tmp_path):
    with (
        line_to(redis.port) as line,
        Fleet(1, tmp_path, REDIS_URL=f"redis://127.0.0.1:{line.port}/0", RATE_LIMITS="on") as fleet,
    ):
        evening = Evening(fleet.ports[0])
        seconds = asyncio.run(scenario(evening, line, mood))
        for verb in ("reserve", "approve", "check in", "log in"):
            figures.at_most(f"slowest to {verb}", evening.slowest(verb), 2, "s")
        figures.exactly("not done", sum(deed.outcome != "ok" for deed in evening.history.deeds), 0)
        figures.at_most("numbers right after its return", seconds, 10, "s")
        figures.exactly("broken invariants", len(violations()), 0)
    figures.judge()
