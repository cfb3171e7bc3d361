"""Check-in as a phone does it, by the code it scanned; and over the API, by reservation id.

At one event, each ticket once.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import batched

from bench.bench import CLIENTS, Bench
from bench.data import BIG, Database
from bench.load import Load, Request, wrk
from bench.processes import Site
from bench.results import Figure, Result, Verdict, figure

# More than any machine checks in in a second: each ticket is used once, so there must be enough.
MOST_A_SECOND = 370
# Requests for which statements are counted.
PROBES = 21
EMPTY = Request("/bench/empty/")
SCAN, BY_ID, YARDSTICK = "scan of a phone", "API by id", "empty view"
REFUSED = """
    SELECT nonce FROM unnest(%s::text[]) AS nonce
    EXCEPT SELECT nonce FROM tickets_scan WHERE outcome = 'admitted'
"""


@dataclass(frozen=True)
class Path:
    """One way to check in: requests to count statements for, and batches of others to measure.

    `sql`: the budget of statements.
    """

    name: str
    sql: int
    probes: Sequence[Request]
    batches: Iterator[tuple[Request, ...]]


def run(bench: Bench) -> Result:
    result, database = Result(), bench.database(100_000)
    with bench.stack.site(database.name) as site:
        paths = make_paths(bench, database)
        sql = {path.name: bench.sql(site, [*path.probes]) for path in paths}
        check_admitted(site, paths[0].probes)
        for clients in CLIENTS:
            loads = {path.name: partial(load, bench, site, path) for path in paths}
            found = bench.in_turn(
                {**loads, YARDSTICK: partial(empty, bench, site)}, clients=clients
            )
            for path in paths:
                done = metered(bench, site, path, clients, found[path.name])
                result.figures.append(done)
                if clients == 8:
                    ratio = found[path.name].rate / found[YARDSTICK].rate
                    result.verdicts += verdicts(path, sql[path.name], done, ratio)
    result.notes.append(bench.stack.manage(database.name, "check_invariants").strip())
    return result


def make_paths(bench: Bench, database: Database) -> list[Path]:
    """Both ways to check in, each with tickets of its own."""
    batch = bench.seconds * MOST_A_SECOND
    of_path = PROBES + (bench.rounds + 1) * len(CLIENTS) * batch
    organizer = bench.signed_in(database, database.organizer)[0]
    key, tickets = bench.device(database, BIG, organizer, tickets=2 * of_path)
    scans = [scan_of(key, code, number) for number, (_id, code) in enumerate(tickets[:of_path])]
    headers = (*organizer.for_api, "Content-Length: 0")
    by_id = [
        Request(f"/api/reservations/{reservation}/check-in/", "POST", headers)
        for reservation, _code in tickets[of_path:]
    ]
    return [
        Path(name, sql, requests[:PROBES], batched(requests[PROBES:], batch, strict=True))
        for name, sql, requests in ((SCAN, 12, scans), (BY_ID, 8, by_id))
    ]


def scan_of(key: str, code: str, number: int) -> Request:
    """The request of a phone that has scanned this code, as `static/js/check-in/` sends it."""
    reading = {"nonce": f"bench-{key[:8]}-{number}", "code": code, "at": "", "let_in": False}
    headers = (f"X-Door-Key: {key}", "Content-Type: application/json")
    body = json.dumps({"readings": [reading], "waiting": 0})
    return Request(f"/organizer/events/{BIG}/check-in/readings/", "POST", headers, body)


def load(bench: Bench, site: Site, path: Path, clients: int) -> Load:
    return wrk(site.ports, next(path.batches), clients=clients, seconds=bench.seconds)


def empty(bench: Bench, site: Site, clients: int) -> Load:
    return wrk(site.ports, [EMPTY] * 64, clients=clients, seconds=bench.seconds, again=True)


def check_admitted(site: Site, scans: Sequence[Request]) -> None:
    """End the bench if one of these scans was refused, which is answered with 200 as well."""
    nonces = [json.loads(scan.body)["readings"][0]["nonce"] for scan in scans]
    with site.connect() as connection:
        refused = connection.execute(REFUSED, [nonces]).fetchall()
    if refused:
        raise SystemExit(f"check_in: {len(refused)} of {len(scans)} scans were not admitted.")


def metered(bench: Bench, site: Site, path: Path, clients: int, found: Load) -> Figure:
    """The figure of this load, with what one more run of it used."""
    with site.meter() as usage:
        last = load(bench, site, path, clients)
    memory = site.meter().memory()
    return figure(path.name, clients, found, usage=usage, count=last.count, memory=memory)


def verdicts(path: Path, sql: float, done: Figure, ratio: float) -> list[Verdict]:
    cpu, what = sum(done.cpu.values()), f"{path.name}: CPU of all processes, 8 clients"
    return [
        Verdict(f"{path.name}: SQL statements", sql, "", path.sql),
        Verdict(what, cpu, "ms", 6, ratio=ratio, to=f"the {YARDSTICK}'s rate"),
    ]
