"""Reservations over the API: one event, many guests, beside the same transaction by pgbench."""

from functools import partial
from itertools import batched

from bench.bench import CLIENTS, Bench, Person
from bench.data import Database
from bench.load import Load, Request, pgbench, wrk
from bench.processes import Site
from bench.results import Figure, Result, Verdict, figure

# More than any machine reserves in a second: each person reserves once, so there must be enough.
MOST_A_SECOND = 500
# What no reservation can do without: one lock, one row, one number.
MINIMAL = """
BEGIN;
SELECT id FROM events_event WHERE id = :event FOR NO KEY UPDATE;
INSERT INTO tickets_reservation
    (person_id, event_id, status, created, decided_at, decided_by_id, message, note, key)
    VALUES (nextval('bench_people'), :event, 'pending', now(), NULL, NULL, '', '', '');
UPDATE events_event SET pending_count = pending_count + 1 WHERE id = :event;
COMMIT;
"""


def run(bench: Bench) -> Result:
    result, database = Result(), bench.database(100_000)
    with bench.stack.site(database.name) as site:
        people = PeopleBatches(bench, database, (bench.rounds + 1) * len(CLIENTS))
        queue, seats = bench.event(database), bench.event(database, admission="automatic")
        probes = bench.people(database, 42)
        sql = bench.sql(site, [reserve(queue, person) for person in probes[:21]], status=201)
        sql_seats = bench.sql(site, [reserve(seats, person) for person in probes[21:]], status=201)
        for clients in CLIENTS:
            runs = {
                "reserve": partial(load, bench, site, people, queue),
                "pgbench, one event": partial(minimal, bench, database, 1),
                "pgbench, 1,000 events": partial(minimal, bench, database, 1000),
            }
            found = bench.in_turn(runs, clients=clients)
            with site.meter() as usage:
                last = load(bench, site, people, queue, clients)
            done = figure(
                "reserve",
                clients,
                found["reserve"],
                usage=usage,
                count=last.count,
                memory=site.meter().memory(),
            )
            result.figures += [
                done,
                *(figure(name, clients, found[name]) for name in list(runs)[1:]),
            ]
            if clients == 8:
                result.verdicts = verdicts(
                    done, sql, sql_seats, found["reserve"].rate / found["pgbench, one event"].rate
                )
    result.notes.append(bench.stack.manage(database.name, "check_invariants").strip())
    return result


def verdicts(done: Figure, sql: float, sql_seats: float, ratio: float) -> list[Verdict]:
    return [
        Verdict("SQL statements", sql, "", 12),
        Verdict("SQL statements where a seat is given at once", sql_seats, "", 12),
        Verdict("CPU of all processes, 8 clients", sum(done.cpu.values()), "ms", 9),
        Verdict(
            "of pgbench's rate on one event, 8 clients",
            100 * ratio,
            "%",
            25,
            at_least=True,
            ratio=ratio,
            to="pgbench, one event",
        ),
    ]


class PeopleBatches:
    """People who have reserved nothing yet, enough of them for each run."""

    def __init__(self, bench: Bench, database: Database, runs: int) -> None:
        self.batches = batched(
            bench.people(database, runs * bench.seconds * MOST_A_SECOND),
            bench.seconds * MOST_A_SECOND,
            strict=True,
        )

    def next(self) -> tuple[Person, ...]:
        return next(self.batches)


def reserve(event: int, person: Person) -> Request:
    return Request(f"/api/events/{event}/register/", "POST", (*person.for_api, "Content-Length: 0"))


def load(bench: Bench, site: Site, people: PeopleBatches, event: int, clients: int) -> Load:
    return wrk(
        site.ports,
        [reserve(event, person) for person in people.next()],
        clients=clients,
        seconds=bench.seconds,
    )


def minimal(bench: Bench, database: Database, how_many: int, clients: int) -> Load:
    """pgbench, over so many fresh events; everybody seeded reserves there in turn."""
    events = bench.events(database, how_many, organizer=database.other)
    with bench.stack.connect(database.name) as connection:
        connection.execute("DROP SEQUENCE IF EXISTS bench_people")
        connection.execute("CREATE SEQUENCE bench_people")
    script = f"\\set event random({events[0]}, {events[-1]})\n{MINIMAL}"
    return pgbench(
        bench.stack.url(database.name, "bench"), script, clients=clients, seconds=bench.seconds
    )
