"""Twenty scanners are shown the same two thousand tickets, each in an order of its own: everybody gets in once."""

import asyncio
import random

import pytest
from django.db import transaction

from events.models import DoorStaff
from tests.faults.crowd import Caller, History, tokens
from tests.faults.figures import Figures
from tests.faults.fleet import Fleet
from tests.faults.test_storm import deadlocks
from tests.support.factories import make_event, make_people
from tickets.models import Ticket
from tickets.queue import registration
from tickets.queue.invariants import violations
from tickets.ticket import signature

pytestmark = pytest.mark.django_db(transaction=True)
SCANNERS, TICKETS, PROCESSES = 20, 2000, 4


class Doors:
    def __init__(self, fleet: Fleet, *, tickets: int) -> None:
        self.fleet, self.history, self.chance = fleet, History(), random.Random("doors")
        self.event = make_event(seats_limit=tickets, admission="automatic")
        with transaction.atomic():
            for person in make_people(tickets):
                registration.reserve(self.event, person=person)
        self.codes = {
            ticket.reservation_id: signature.sign(ticket)
            for ticket in Ticket.objects.filter(event=self.event)
        }
        self.staff = make_people(SCANNERS)
        DoorStaff.objects.bulk_create(
            [
                DoorStaff(event=self.event, person=person, email=person.email)
                for person in self.staff
            ]
        )
        self.tokens = tokens(self.staff)

    async def run(self) -> None:
        await asyncio.gather(*(self.scan(number) for number in range(SCANNERS)))

    async def scan(self, number: int) -> None:
        caller, mine = Caller(), list(self.codes.items())
        self.chance.shuffle(mine)
        port = self.fleet.ports[number % PROCESSES]
        for reservation, code in mine:
            deed = self.history.begin(self.staff[number].pk, "scan", reservation)
            body = {"device": f"Gate {number}"}
            self.history.end(
                deed,
                await caller.ask(
                    port,
                    "POST",
                    f"/api/reservations/{code}/check-in/",
                    token=self.tokens[number],
                    body=body,
                ),
            )
        await caller.close()


def judge(figures: Figures, doors: Doors) -> None:
    history, event = doors.history, doors.event
    event.refresh_from_db()
    scans = history.done("scan")
    first = {deed.what: deed for deed in scans if not deed.data["already_checked_in"]}
    later = [deed for deed in scans if deed.data["already_checked_in"]]
    figures.exactly("scans answered", len(scans), SCANNERS * len(doors.codes))
    figures.exactly("told “let in”", len(scans) - len(later), len(doors.codes))
    figures.exactly("different tickets let in", len(first), len(doors.codes))
    at = {
        reservation: (deed.data["checked_in_at"], deed.data["checked_in_by"])
        for reservation, deed in first.items()
    }
    wrong = sum(
        (deed.data["checked_in_at"], deed.data["checked_in_by"]) != at.get(deed.what)
        for deed in later
    )
    figures.exactly("others not told when and by whom", wrong, 0)
    figures.exactly("the event's count of those inside", event.checked_in_count, len(doors.codes))
    figures.exactly("answers 5xx", history.unforgivable() + history.statuses[503], 0)
    figures.exactly("broken invariants", len(violations()), 0)
    figures.exactly("deadlocks", deadlocks(), 0)


def test_door_with_twenty_scanners(figures, redis, tmp_path):
    with Fleet(PROCESSES, tmp_path, REDIS_URL=redis.url) as fleet:
        doors = Doors(fleet, tickets=TICKETS)
        asyncio.run(doors.run())
    judge(figures, doors)
    history = doors.history
    figures.at_most("95 of 100 answers within", history.percentile(0.95), 0.3, "s")
    figures.note("half of the answers within, in s", round(history.percentile(0.5), 3))
    figures.note(
        "scans a second",
        round(
            len(history.deeds)
            / (max(deed.ended for deed in history.deeds) - history.deeds[0].began)
        ),
    )
    figures.judge()


def test_door_without_the_lock_is_seen_through(figures, redis, tmp_path):
    with Fleet(
        PROCESSES,
        tmp_path,
        REDIS_URL=redis.url,
        DJANGO_SETTINGS_MODULE="tests.faults.unguarded_settings",
    ) as fleet:
        doors = Doors(fleet, tickets=100)
        asyncio.run(doors.run())
    twin = Figures("twin")
    judge(twin, doors)
    for missed in twin.missed:
        figures.note("seen", missed)
    assert any(missed.startswith("the event's count") for missed in twin.missed), twin.all
