"""What cases work with: seeded databases, logged-in people, fresh events, measuring by turns."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bench import data
from bench.data import Database
from bench.load import Client, Load, Request, median, wrk
from bench.processes import ROOT, Site
from bench.stack import Stack

TEMPLATE = "migrated"
CLIENTS = (1, 8, 32)
EVENT = """
    INSERT INTO events_event (title, description, location, start_time, end_time, time_zone,
        seats_limit, admission, status, hue, pattern,
        organizer_id, cancel_message, created, published_at, cancelled_at, sequence, reminded_for,
            confirmed_count, pending_count, checked_in_count,
        rejected_count, cancelled_count)
    SELECT %(title)s, 'Bring an apron.', 'Wrocław, Ruska 46c', now() + interval '10 days',
        now() + interval '10 days 3 hours', 'Europe/Warsaw',
        %(seats)s, %(admission)s, 'published', 'lagoon', 'rings', %(organizer)s, '', now(), now(),
            NULL, 0, NULL, 0, 0, 0, 0, 0
    FROM generate_series(1, %(count)s) RETURNING id
"""
PEOPLE = """
    INSERT INTO accounts_user (password, last_login, email, first_name, last_name, role, language,
        is_active, date_joined)
    SELECT '!', NULL, 'fresh-' || gen_random_uuid() || '@example.org', 'Fresh', 'Guest ' || n,
        'user', 'en', true, now()
    FROM generate_series(1, %s::bigint) AS n RETURNING id
"""


@dataclass(frozen=True)
class Person:
    """A logged-in person: what to send with a request to the API, and with one to a page."""

    id: int
    token: str
    cookie: str

    @property
    def for_api(self) -> tuple[str, ...]:
        return (f"Authorization: Bearer {self.token}",)

    @property
    def for_pages(self) -> tuple[str, ...]:
        return (f"Cookie: {self.cookie}",)


class Bench:
    def __init__(self, stack: Stack, *, seconds: int = 3, rounds: int = 3) -> None:
        self.stack, self.seconds, self.rounds = stack, seconds, rounds
        self.seeded: dict[int, float] = {}
        self.checked: set[str] = set()

    # Databases and what is in them

    def database(self, size: int) -> Database:
        """The database with so many reservations; made when it is first asked for."""
        made = Database(f"seed_{size}", size)
        with self.stack.connect("postgres") as connection:
            there = {name for (name,) in connection.execute("SELECT datname FROM pg_database")}
            if made.name in there:
                return self.up_to_date(made)
            if TEMPLATE in there:
                self.stack.manage(TEMPLATE, "migrate", "-v0")
            else:
                self.migrate(connection)
            connection.execute(f"DROP DATABASE IF EXISTS {made.name}_unfinished")
            connection.execute(f"CREATE DATABASE {made.name}_unfinished TEMPLATE {TEMPLATE}")
            log(f"seeding {size:,} reservations")
            with self.stack.connect(f"{made.name}_unfinished") as fresh:
                self.seeded[size] = data.seed(fresh, made)
            connection.execute(f"ALTER DATABASE {made.name}_unfinished RENAME TO {made.name}")
        self.checked.add(made.name)
        invariants = self.stack.manage(made.name, "check_invariants").strip()
        log(f"seeded in {self.seeded[size]:.0f} s; {invariants}")
        return made

    def up_to_date(self, database: Database) -> Database:
        """A database of an earlier run, migrated to today's code."""
        if database.name not in self.checked:
            self.stack.manage(database.name, "migrate", "-v0")
            self.stack.manage(database.name, "collectstatic", "--noinput", "-v0")
            self.checked.add(database.name)
        return database

    def migrate(self, connection: Any) -> None:
        connection.execute(f"DROP DATABASE IF EXISTS {TEMPLATE}_unfinished")
        connection.execute(f"CREATE DATABASE {TEMPLATE}_unfinished")
        self.stack.manage(f"{TEMPLATE}_unfinished", "migrate", "-v0")
        self.stack.manage(f"{TEMPLATE}_unfinished", "collectstatic", "--noinput", "-v0")
        connection.execute(f"ALTER DATABASE {TEMPLATE}_unfinished RENAME TO {TEMPLATE}")

    def event(self, database: Database, **fields: Any) -> int:
        """A fresh event of the measured organizer's, published. Its id."""
        return self.events(database, 1, **fields)[0]

    def events(
        self,
        database: Database,
        count: int,
        *,
        admission: str = "approval",
        seats: int = 1_000_000,
        organizer: int | None = None,
    ) -> list[int]:
        """So many of them, in ascending order."""
        fields = {
            "admission": admission,
            "seats": seats,
            "title": "The hot one",
            "organizer": organizer or database.organizer,
            "count": count,
        }
        with self.stack.connect(database.name) as connection:
            return sorted(pk for (pk,) in connection.execute(EVENT, fields))

    def people(self, database: Database, count: int) -> list[Person]:
        """So many logged-in people without reservations."""
        with self.stack.connect(database.name) as connection:
            ids = [pk for (pk,) in connection.execute(PEOPLE, [count])]
        return self.signed_in(database, min(ids), max(ids))

    def signed_in(self, database: Database, first: int, last: int | None = None) -> list[Person]:
        """The people with these ids, logged in."""
        lines = self.lines_of(database, "bench.people", first, last or first)
        return [Person(**json.loads(line)) for line in lines]

    def device(
        self, database: Database, event: int, person: Person, *, tickets: int
    ) -> tuple[str, list[tuple[int, str]]]:
        """The key of a new device of this person, and so many unused tickets of the event.

        Each ticket is its reservation's id and the text of its QR code.
        """
        key, *lines = self.lines_of(database, "bench.device", event, person.id, tickets)
        pairs = (line.split(" ", 1) for line in lines)
        return key, [(int(reservation), code) for reservation, code in pairs]

    def lines_of(self, database: Database, module: str, *arguments: int) -> list[str]:
        """The lines that this module of the bench prints, run with the product's settings."""
        command = [sys.executable, "-m", module, *map(str, arguments)]
        environment = self.stack.environment(database.name, "bench")
        done = subprocess.run(
            command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True
        )
        return done.stdout.splitlines()

    # Measuring

    def in_turn(
        self, runs: Mapping[str, Callable[[int], Load]], *, clients: int
    ) -> dict[str, Load]:
        """The medians of these loads, measured by turns, so that disturbances reach them alike."""
        loads: dict[str, list[Load]] = {name: [] for name in runs}
        for _round in range(self.rounds):
            for name, run in runs.items():
                loads[name].append(run(clients))
        for name, all_of_it in loads.items():
            rates = ", ".join(f"{load.rate:.0f}/s" for load in all_of_it)
            log(f"{name}, {clients} clients: {rates}")
        return {name: median(all_of_it) for name, all_of_it in loads.items()}

    def sql(self, site: Site, requests: list[Request], *, status: int = 200) -> float:
        """Statements that the web processes send for one of these requests."""
        client = Client(site.ports[0])
        # Every thread opens its connection, which takes statements of its own; then the first
        # request reads templates and keys.
        wrk(site.ports, [Request("/")], clients=32, seconds=1, again=True)
        answers = [client.send(requests[0])[0]]
        with site.meter() as usage:
            answers += [client.send(request)[0] for request in requests[1:]]
        if set(answers) != {status}:
            raise SystemExit(f"{requests[0].path} answers {set(answers)}, not {status}")
        return usage.sql.get("web", 0) / (len(requests) - 1)


def log(message: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {message}", file=sys.stderr, flush=True)
