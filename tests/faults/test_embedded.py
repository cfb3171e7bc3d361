"""The embedded installation, killed (-9) 200 times while it writes, loses no acknowledged change.

After a kill the kernel still writes what it was given. That a change also survives a power cut is
due to SQLite's `synchronous=FULL`, which tests cannot show.
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

from tests.faults.api_callers import Caller, History, NoAnswer, NotSent
from tests.faults.web_processes import WebProcesses
from tests.support.background_writer import STATE_AFTER
from tests.support.processes import environment

# The processes have a database of their own; the tests' is only made for the environment.
pytestmark = pytest.mark.django_db(transaction=True)
KILLS, HTTP_KILLS, CALLERS = 200, 12, 8
PEOPLE = """
import json
from tests.support.factories import make_event, make_people
from tests.faults.api_callers import make_tokens
people = make_people(3000)
event = make_event(seats_limit=200, admission="automatic", organizer=people[0])
print(json.dumps([event.pk, [person.pk for person in people], make_tokens(people)]))
"""


STATES = """
SELECT id, CASE WHEN id IN (
    SELECT reservation_id FROM tickets_ticket WHERE void_at IS NULL AND checked_in_at IS NOT NULL
) THEN 'inside' ELSE status END FROM tickets_reservation
"""


class Embedded:
    """An installation on SQLite in a folder of its own."""

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

    def states(self):
        """Return {id of a reservation: its status, or "inside" after the check-in}."""
        return dict(self.sql(STATES))


@pytest.fixture
def embedded(tmp_path):
    return Embedded(tmp_path)


def test_embedded_writers_killed(figures, embedded, tmp_path):
    lines = run_writers(embedded, tmp_path / "writers")
    states, possible = embedded.states(), possible_states(lines)
    unheard = KILLS - sum(line["is"] == "ready" for line in lines)
    figures.note("writers killed (-9)", KILLS)
    figures.note("of them before their first word", unheard)
    figures.note("changes acknowledged", sum(line["is"] == "done" for line in lines))
    lost = sum(states.get(pk) not in wanted for pk, wanted in possible.items())
    figures.none("acknowledged and lost", lost)
    asked = {line["person"] for line in lines if line.get("verb") == "reserve"}
    stored = {person for (person,) in embedded.sql("SELECT person_id FROM tickets_reservation")}
    figures.none("there and never asked for", len(stored - asked))
    check_database(figures, embedded)
    assert len(possible) > KILLS
    figures.check()


def run_writers(embedded, log):
    """Run the writers until all of them are killed. Returns what they reported to this log."""
    # This end stays open: the writers end when they are killed.
    reading, writing = os.pipe()
    with log.open("w") as out:
        done = subprocess.run(
            [sys.executable, "-m", "tests.faults.forked_writers", str(KILLS)],
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
    return [json.loads(line) for line in log.read_text().splitlines()]


def possible_states(lines):
    """Return {id: each reservation's last acknowledged state, and the next if it was begun}."""
    possible: dict[int, set[str]] = {}
    for line in lines:
        if line["is"] == "done":
            possible[line["reservation"]] = {line["status"]}
        elif line["is"] == "asked" and "reservation" in line:
            possible[line["reservation"]].add(STATE_AFTER[line["verb"]])
    return possible


def check_database(figures, embedded):
    """Whether SQLite and the product find the database whole."""
    figures.exactly("SQLite's integrity check", embedded.sql("PRAGMA integrity_check"), [("ok",)])
    whole = "All invariants hold" in embedded.manage("check_invariants")
    figures.exactly("all invariants hold", whole, True)


class Site:
    """People who reserve over HTTP while the only web process is killed again and again."""

    def __init__(self, embedded: Embedded, processes: WebProcesses) -> None:
        self.processes, self.history, self.over = processes, History(), False
        self.event, self.people, self.tokens = json.loads(
            embedded.manage("shell", "--no-imports", "-c", PEOPLE)
        )
        self.left = iter(range(len(self.people)))

    async def run(self) -> None:
        chance = random.Random("site")
        asking = [asyncio.create_task(self.ask_on()) for _ in range(CALLERS)]
        (port,) = self.processes.ports
        for _kill in range(HTTP_KILLS):
            await asyncio.sleep(chance.uniform(0.3, 0.8))
            await asyncio.to_thread(self.processes.kill, port)
            await asyncio.to_thread(self.processes.start, port)
        self.over = True
        await asyncio.gather(*asking)

    async def ask_on(self) -> None:
        caller, (port,) = Caller(), self.processes.ports
        for index in self.left:
            if self.over:
                break
            call = self.history.begin(self.people[index], "reserve")
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
            self.history.end(call, answer)
        await caller.close()


def test_embedded_site_killed(figures, embedded, tmp_path):
    with WebProcesses(1, tmp_path, **embedded.env) as processes:
        site = Site(embedded, processes)
        asyncio.run(site.run())
    states = embedded.states()
    told = site.history.succeeded("reserve")
    figures.note("web processes killed (-9)", processes.kills)
    figures.note("reservations acknowledged", len(told))
    figures.note("requests cut off", site.history.unanswered)
    lost = sum(states.get(call.data["reservation_id"]) != call.data["status"] for call in told)
    figures.none("acknowledged and lost", lost)
    figures.none("5xx but 503", site.history.server_errors())
    check_database(figures, embedded)
    assert len(told) > HTTP_KILLS
    figures.check()
