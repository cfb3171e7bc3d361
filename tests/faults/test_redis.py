"""Redis refuses, hangs or is slow: services work in time, and numbers are right soon after."""

import asyncio

import pytest

from tests.faults.api_callers import Caller, History, make_tokens
from tests.faults.socket_watcher import Watcher
from tests.faults.tcp_proxy import Proxy, proxy_to
from tests.faults.web_processes import WebProcesses
from tests.support.factories import PASSWORD, make_event, make_people, make_person, make_reservation
from tickets.queue.invariants import violations

pytestmark = pytest.mark.django_db(transaction=True)
GUESTS, AT_ONCE = 24, 4
MODES = {"refused": Proxy.refuse, "hung": Proxy.hang, "slow": lambda proxy: proxy.slow(1.5)}


# (verb, method, path, token, body)
type Call = tuple[str, str, str, str, dict[str, str] | None]


class Load:
    """Timed calls: guests reserve, an organizer confirms and checks in, people log in."""

    def __init__(self, port: int) -> None:
        self.port, self.event, self.history = port, make_event(seats_limit=GUESTS), History()
        self.guests, self.waiting = (
            make_people(GUESTS),
            [make_reservation(self.event, person) for person in make_people(GUESTS)],
        )
        self.tokens, (self.organizer,) = (
            make_tokens(self.guests),
            make_tokens([self.event.organizer]),
        )
        # As many as the limit on log-ins allows.
        self.logging_in = [make_person() for _ in range(4)]

    async def go_on(self) -> None:
        calls: list[Call] = []
        reserve, confirmed = f"/api/events/{self.event.pk}/register/", {"status": "confirmed"}
        for number in range(GUESTS):
            path = f"/api/reservations/{self.waiting[number].pk}/"
            calls += [
                ("reserve", "POST", reserve, self.tokens[number], None),
                ("approve", "PATCH", f"{path}status/", self.organizer, confirmed),
                ("check in", "POST", f"{path}check-in/", self.organizer, None),
            ]
        people: list[Call] = [
            ("log in", "POST", "/api/login/", "", {"email": person.email, "password": PASSWORD})
            for person in self.logging_in
        ]
        calls += people
        # Each guest's three in order, several guests at once.
        lanes = [calls[start * 3 : start * 3 + 3] for start in range(GUESTS)] + [
            [call] for call in people
        ]
        await asyncio.gather(*(self.lane(lanes[number::AT_ONCE]) for number in range(AT_ONCE)))

    async def lane(self, groups: list[list[Call]]) -> None:
        caller = Caller()
        for group in groups:
            for verb, method, path, token, body in group:
                call = self.history.begin(0, verb, path)
                self.history.end(
                    call, await caller.ask(self.port, method, path, token=token, body=body)
                )
        await caller.close()

    def slowest(self, verb: str) -> float:
        return max(call.ended - call.began for call in self.history.calls if call.verb == verb)


async def scenario(load: Load, proxy: Proxy, mode: str) -> float:
    watcher = Watcher(load.port, load.event.pk)
    watching = asyncio.create_task(watcher.watch())
    await watcher.wait_for({"pending_count": GUESTS}, within=10)
    await asyncio.to_thread(MODES[mode], proxy)
    await load.go_on()
    await asyncio.to_thread(proxy.pass_on)
    seconds = await watcher.wait_for(
        {"confirmed_count": GUESTS, "pending_count": GUESTS, "checked_in_count": GUESTS}, within=15
    )
    watching.cancel()
    return seconds


@pytest.mark.parametrize("mode", MODES)
def test_services_work_while_redis_is(mode, figures, redis, tmp_path):
    with (
        proxy_to(redis.port) as proxy,
        WebProcesses(
            1, tmp_path, REDIS_URL=f"redis://127.0.0.1:{proxy.port}/0", RATE_LIMITS="on"
        ) as processes,
    ):
        load = Load(processes.ports[0])
        seconds = asyncio.run(scenario(load, proxy, mode))
        for verb in ("reserve", "approve", "check in", "log in"):
            figures.at_most(f"slowest to {verb}", load.slowest(verb), 2, "s")
        figures.exactly("not done", sum(call.outcome != "ok" for call in load.history.calls), 0)
        figures.at_most("numbers right after its return", seconds, 10, "s")
        figures.exactly("broken invariants", len(violations()), 0)
    figures.check()
