"""Twenty scanners scan the same 2,000 tickets, each in its own order: a ticket is admitted once."""

import asyncio
import random

import pytest
from django.db import transaction

from events.models import DoorStaff
from tests.faults.api_callers import Caller, History, make_tokens
from tests.faults.figures import Figures
from tests.faults.test_storm import deadlocks
from tests.faults.web_processes import WebProcesses
from tests.support.factories import make_event, make_people
from tickets.models import Ticket
from tickets.queue import registration
from tickets.queue.invariants import violations
from tickets.ticket import signature

pytestmark = pytest.mark.django_db(transaction=True)
SCANNERS, TICKETS, PROCESSES = 20, 2000, 4


class Scanners:
    def __init__(self, processes: WebProcesses, *, tickets: int) -> None:
        self.processes, self.history, self.chance = processes, History(), random.Random("scanners")
        self.event = make_event(seats_limit=tickets, admission="automatic")
        with transaction.atomic():
            for person in make_people(tickets):
                registration.reserve(self.event.pk, person=person)
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
        self.tokens = make_tokens(self.staff)

    async def run(self) -> None:
        await asyncio.gather(*(self.scan(number) for number in range(SCANNERS)))

    async def scan(self, number: int) -> None:
        caller, mine = Caller(), list(self.codes.items())
        self.chance.shuffle(mine)
        port = self.processes.ports[number % PROCESSES]
        for reservation, code in mine:
            call = self.history.begin(self.staff[number].pk, "scan", reservation)
            body = {"device": f"Gate {number}"}
            self.history.end(
                call,
                await caller.ask(
                    port,
                    "POST",
                    f"/api/reservations/{code}/check-in/",
                    token=self.tokens[number],
                    body=body,
                ),
            )
        await caller.close()


def check_history(figures: Figures, scanners: Scanners) -> None:
    history, event = scanners.history, scanners.event
    event.refresh_from_db()
    scans = history.succeeded("scan")
    first = {call.what: call for call in scans if not call.data["already_checked_in"]}
    later = [call for call in scans if call.data["already_checked_in"]]
    figures.exactly("scans answered", len(scans), SCANNERS * len(scanners.codes))
    figures.exactly("told “let in”", len(scans) - len(later), len(scanners.codes))
    figures.exactly("different tickets let in", len(first), len(scanners.codes))
    at = {
        reservation: (call.data["checked_in_at"], call.data["checked_in_by"])
        for reservation, call in first.items()
    }
    wrong = sum(
        (call.data["checked_in_at"], call.data["checked_in_by"]) != at.get(call.what)
        for call in later
    )
    figures.exactly("others not told when and by whom", wrong, 0)
    figures.exactly(
        "the event's count of those inside", event.checked_in_count, len(scanners.codes)
    )
    figures.exactly("answers 5xx", history.server_errors() + history.statuses[503], 0)
    figures.exactly("broken invariants", len(violations()), 0)
    figures.exactly("deadlocks", deadlocks(), 0)


def test_check_in_with_twenty_scanners(figures, redis, tmp_path):
    with WebProcesses(PROCESSES, tmp_path, REDIS_URL=redis.url) as processes:
        scanners = Scanners(processes, tickets=TICKETS)
        asyncio.run(scanners.run())
    check_history(figures, scanners)
    history = scanners.history
    figures.at_most("95 of 100 answers within", history.percentile(0.95), 0.3, "s")
    figures.note("half of the answers within, in s", round(history.percentile(0.5), 3))
    figures.note(
        "scans a second",
        round(
            len(history.calls)
            / (max(call.ended for call in history.calls) - history.calls[0].began)
        ),
    )
    figures.check()


def test_check_in_race_fails_without_the_lock(figures, redis, tmp_path):
    with WebProcesses(
        PROCESSES,
        tmp_path,
        REDIS_URL=redis.url,
        DJANGO_SETTINGS_MODULE="tests.faults.without_lock_settings",
    ) as processes:
        scanners = Scanners(processes, tickets=100)
        asyncio.run(scanners.run())
    twin = Figures("twin")
    check_history(twin, scanners)
    for missed in twin.missed:
        figures.note("seen", missed)
    assert any(missed.startswith("the event's count") for missed in twin.missed), twin.all
