"""Check-in over the API by reservation id: one event, every ticket once."""

from functools import partial
from itertools import batched

from bench.bench import CLIENTS, Bench
from bench.data import BIG
from bench.load import Load, Request, wrk
from bench.processes import Site
from bench.results import Result, Verdict, figure

MOST_A_SECOND = 500
EMPTY = Request("/bench/empty/")
UNUSED = """
    SELECT reservation_id FROM tickets_ticket
    WHERE event_id = %s AND checked_in_at IS NULL AND void_at IS NULL ORDER BY id LIMIT %s
"""


def run(bench: Bench) -> Result:
    result, database = Result(), bench.database(100_000)
    organizer = bench.signed_in(database, database.organizer)[0]
    most = bench.seconds * MOST_A_SECOND
    with bench.stack.site(database.name) as site:
        with site.connect() as connection:
            count = 21 + (bench.rounds + 1) * len(CLIENTS) * most
            guests = [pk for (pk,) in connection.execute(UNUSED, [BIG, count])]
        headers = (*organizer.for_api, "Content-Length: 0")
        requests = [Request(f"/api/reservations/{pk}/check-in/", "POST", headers) for pk in guests]
        sql, batches = bench.sql(site, requests[:21]), batched(requests[21:], most, strict=True)
        for clients in CLIENTS:
            runs = {
                "check-in": partial(load, bench, site, batches),
                "empty view": partial(empty, bench, site),
            }
            found = bench.in_turn(runs, clients=clients)
            with site.meter() as usage:
                last = load(bench, site, batches, clients)
            done = figure(
                "check-in",
                clients,
                found["check-in"],
                usage=usage,
                count=last.count,
                memory=site.meter().memory(),
            )
            result.figures.append(done)
            if clients == 8:
                ratio = found["check-in"].rate / found["empty view"].rate
                cpu = Verdict(
                    "CPU of all processes, 8 clients",
                    sum(done.cpu.values()),
                    "ms",
                    6,
                    ratio=ratio,
                    to="the empty view's rate",
                )
                result.verdicts = [Verdict("SQL statements", sql, "", 8), cpu]
    result.notes.append(bench.stack.manage(database.name, "check_invariants").strip())
    return result


def load(bench: Bench, site: Site, batches: "batched[tuple[Request, ...]]", clients: int) -> Load:
    return wrk(site.ports, next(batches), clients=clients, seconds=bench.seconds)


def empty(bench: Bench, site: Site, clients: int) -> Load:
    return wrk(site.ports, [EMPTY] * 64, clients=clients, seconds=bench.seconds, again=True)
