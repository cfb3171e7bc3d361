"""The embedded default on one machine: killed (-9) two hundred times while it writes, it loses nothing that it acknowledged.

A kill leaves to the kernel what was written; that it also survives a power cut is SQLite's `synchronous=FULL`, which tests cannot pull.
"""

import asyncio
import json
import os
import random
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress

import pytest
from django.conf import settings

from tests.faults.crowd import Caller, History, NoAnswer, NotSent
from tests.faults.fleet import Fleet
from tests.support.background_writer import STATE_AFTER
from tests.support.processes import environment

# They have a database of their own, and the processes are given the tests' only to be told of another.
pytestmark = pytest.mark.django_db(transaction=True)
KILLS, HTTP_KILLS, CALLERS = 200, 12, 8
PEOPLE = """
import json
from tests.support.factories import make_event, make_people
from tests.faults.crowd import tokens
people = make_people(3000)
event = make_event(seats_limit=200, admission="automatic", organizer=people[0])
print(json.dumps([event.pk, [person.pk for person in people], tokens(people)]))
"""


class Embedded:
    def __init__(self, folder) -> None:
        self.file = folder / "var/eventflow.sqlite3"
        ours = {
            "DATABASE_URL": "",
            "REDIS_URL": "",
            "EMAIL_HOST": "127.0.0.1",
            "DATA_DIR": folder / "var",
            "DEBUG": False,
            "WEB_PROCESSES": 1,
        }
        self.env = {**ours, "DJANGO_SETTINGS_MODULE": "eventflow.settings"}
        self.manage("migrate", "--verbosity=0")

    def manage(self, *words):
        command = [sys.executable, "manage.py", *words]
        done = subprocess.run(
            command,
            cwd=settings.BASE_DIR,
            env=environment(**self.env),
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def sql(self, words):
        with closing(sqlite3.connect(self.file)) as database:
            return database.execute(words).fetchall()

    def standing(self):
        inside = "SELECT reservation_id FROM tickets_ticket WHERE void_at IS NULL AND checked_in_at IS NOT NULL"
        return dict(
            self.sql(
                f"SELECT id, CASE WHEN id IN ({inside}) THEN 'inside' ELSE status END FROM tickets_reservation"
            )
        )


@pytest.fixture
def embedded(tmp_path):
    return Embedded(tmp_path)


def test_embedded_writers_killed(figures, embedded, tmp_path):
    log = tmp_path / "writers"
    # Nobody closes it: the writers end when they are killed.
    reading, writing = os.pipe()
    with log.open("w") as out:
        command = [sys.executable, "-m", "tests.faults.forked_writers", str(KILLS)]
        done = subprocess.run(
            command,
            cwd=settings.BASE_DIR,
            env=environment(**embedded.env),
            stdin=reading,
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
        )
    os.close(reading)
    os.close(writing)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    states = embedded.standing()
    # Each reservation's last acknowledged state, and the one that it was being brought to when its writer died.
    may_be: dict[int, set[str]] = {}
    people: dict[int, int] = {}
    for line in lines:
        if line["is"] == "done":
            may_be[line["reservation"]] = {line["status"]}
            people[line["reservation"]] = line["person"]
        elif line["is"] == "asked" and "reservation" in line:
            may_be[line["reservation"]] = may_be[line["reservation"]] | {STATE_AFTER[line["verb"]]}
    figures.note("writers killed (-9)", KILLS)
    figures.note(
        "of them before their first word", KILLS - sum(line["is"] == "ready" for line in lines)
    )
    figures.note("changes acknowledged", sum(line["is"] == "done" for line in lines))
    figures.exactly(
        "acknowledged and lost",
        sum(states.get(pk) not in wanted for pk, wanted in may_be.items()),
        0,
    )
    asked = {line["person"] for line in lines if line.get("verb") == "reserve"}
    stored = {person for (person,) in embedded.sql("SELECT person_id FROM tickets_reservation")}
    figures.exactly("there and never asked for", len(stored - asked), 0)
    figures.exactly("SQLite's integrity check", embedded.sql("PRAGMA integrity_check"), [("ok",)])
    figures.exactly(
        "all invariants hold", "All invariants hold" in embedded.manage("check_invariants"), True
    )
    assert len(may_be) > KILLS
    figures.judge()


class Site:
    """The whole product on SQLite; people reserve over HTTP while its one web process is killed again and again."""

    def __init__(self, embedded: Embedded, fleet: Fleet) -> None:
        self.fleet, self.history, self.over = fleet, History(), False
        self.event, self.people, self.tokens = json.loads(
            embedded.manage("shell", "--no-imports", "-c", PEOPLE)
        )
        self.left = iter(range(len(self.people)))

    async def run(self) -> None:
        chance = random.Random("site")
        asking = [asyncio.create_task(self.ask_on()) for _ in range(CALLERS)]
        (port,) = self.fleet.ports
        for _kill in range(HTTP_KILLS):
            await asyncio.sleep(chance.uniform(0.3, 0.8))
            await asyncio.to_thread(self.fleet.kill, port)
            await asyncio.to_thread(self.fleet.start, port)
        self.over = True
        await asyncio.gather(*asking)

    async def ask_on(self) -> None:
        caller, (port,) = Caller(), self.fleet.ports
        for index in self.left:
            if self.over:
                break
            deed = self.history.begin(self.people[index], "reserve")
            answer = None
            until = time.monotonic() + 30
            while time.monotonic() < until:
                with suppress(NoAnswer):
                    try:
                        answer = await caller.ask(
                            port,
                            "POST",
                            f"/api/events/{self.event}/register/",
                            token=self.tokens[index],
                        )
                    except NotSent:
                        await asyncio.sleep(0.1)
                        continue
                break
            self.history.end(deed, answer)
        await caller.close()


def test_embedded_site_killed(figures, embedded, tmp_path):
    with Fleet(1, tmp_path, **embedded.env) as fleet:
        site = Site(embedded, fleet)
        asyncio.run(site.run())
    states = embedded.standing()
    told = site.history.done("reserve")
    figures.note("web processes killed (-9)", fleet.kills)
    figures.note("reservations acknowledged", len(told))
    figures.note("requests cut off", site.history.unanswered)
    figures.exactly(
        "acknowledged and lost",
        sum(states.get(deed.data["reservation_id"]) != deed.data["status"] for deed in told),
        0,
    )
    figures.exactly("5xx but 503", site.history.unforgivable(), 0)
    figures.exactly("SQLite's integrity check", embedded.sql("PRAGMA integrity_check"), [("ok",)])
    figures.exactly(
        "all invariants hold", "All invariants hold" in embedded.manage("check_invariants"), True
    )
    assert len(told) > HTTP_KILLS
    figures.judge()
