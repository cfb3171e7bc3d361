"""5,000 sockets on one event with 20 changes a second, in one web process and in four.

Then all connections are cut at once and come back. The changes are reservations over the API. A
delay counts from the sending of the request, so it is a little more than from its commit. No worker
runs beside: it would send the mails of these reservations on the cores that the clients need.
"""

import http.client
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import local

from bench.bench import Bench, Person, log
from bench.data import Database
from bench.processes import Site
from bench.results import Result, Verdict
from bench.socket_clients import SocketClients

SOCKETS, CHANGES_A_SECOND, ROUNDS, SECONDS = 5_000, 20, 4, 4
# What a process needs once is no socket's cost: so many connect before its memory is measured.
WARM_SOCKETS, WARM_CHANGES = 100, 10
# Longer than the last message after a change takes.
SETTLE_SECONDS = 2.0
# The statement of a feed: four counts of a row. A page or a reservation reads more columns.
FEED_STATEMENTS = """
    SELECT coalesce(sum(calls), 0) FROM pg_stat_statements
        JOIN pg_database ON pg_database.oid = dbid WHERE datname = current_database()
    AND query LIKE
        'SELECT "events_event"."id", "events_event"."seats_limit", '
        || '"events_event"."confirmed_count", %'
    AND query LIKE '%"checked_in_count" FROM "events_event" WHERE "events_event"."id" = $1 %'
"""


@dataclass
class Found:
    opened: float = 0.0
    delays: list[float] = field(default_factory=list)
    messages_a_second: list[float] = field(default_factory=list)
    readings: list[float] = field(default_factory=list)
    cores: list[float] = field(default_factory=list)
    bytes_a_socket: float = 0.0
    back: float = 0.0


def run(bench: Bench) -> Result:
    result = Result()
    database = bench.database(1_000)
    for processes in (1, 4):
        found = measured(bench, database, processes)
        quantiles = statistics.quantiles(found.delays, n=100)
        where = "1 process" if processes == 1 else f"{processes} processes"
        result.verdicts += [
            Verdict(f"{where}: last state, p99", 1000 * quantiles[98], "ms", 1000),
            Verdict(
                f"{where}: messages a second, the busiest socket",
                max(found.messages_a_second),
                "",
                4,
            ),
            Verdict(f"{where}: queries a message", max(found.readings), "", 1),
            Verdict(f"{where}: memory a socket", found.bytes_a_socket / 1000, "kB", 25),
            Verdict(
                f"{where}: all {SOCKETS:,} cut at once and back with the truth", found.back, "s", 10
            ),
        ]
        p50, cores = 1000 * quantiles[49], statistics.mean(found.cores)
        result.notes.append(
            f"{where}: last state p50 {p50:.0f} ms, max {1000 * max(found.delays):.0f} ms; "
            f"all sockets opened in {found.opened:.1f} s; "
            f"meanwhile {cores:.2f} cores for the web processes"
        )
    return result


def measured(bench: Bench, database: Database, processes: int) -> Found:
    event, found = bench.event(database), Found()
    people = bench.people(database, ROUNDS * SECONDS * CHANGES_A_SECOND + WARM_CHANGES + 1)
    with (
        bench.stack.site(database.name, web=processes, worker=False) as site,
        SocketClients(f"/ws/events/{event}/", site.ports) as clients,
    ):
        guests = Guests(site, event, people)
        clients.open(WARM_SOCKETS)
        guests.reserve(WARM_CHANGES, a_second=CHANGES_A_SECOND)
        time.sleep(SETTLE_SECONDS)
        before = site.meter().memory()["web"]
        found.opened = clients.open(SOCKETS - WARM_SOCKETS)
        for _round in range(ROUNDS):
            one_round(site, clients, guests, found)
        found.bytes_a_socket = (
            (site.meter().memory()["web"] - before) * 1024**2 / (SOCKETS - WARM_SOCKETS)
        )
        found.back = clients.cut(then=lambda: guests.reserve(1), waiting=len(people))
    return found


def one_round(site: Site, clients: SocketClients, guests: "Guests", found: Found) -> None:
    """Changes for some seconds, then none: every socket must have the last state."""
    clients.take()
    begun = time.monotonic()
    with site.meter() as usage:
        readings = count_feed_statements(site)
        sent = guests.reserve(SECONDS * CHANGES_A_SECOND, a_second=CHANGES_A_SECOND)
        time.sleep(SETTLE_SECONDS)
    took, seen = time.monotonic() - begun, clients.take()
    late = sum(client.pending != guests.count for client in seen)
    if late or len(seen) != SOCKETS:
        raise SystemExit(
            f"{late} of {len(seen)} sockets do not have the last state after {SETTLE_SECONDS} s"
        )
    found.delays += [client.received - sent for client in seen]
    messages = [client.messages for client in seen]
    found.messages_a_second.append(max(client.rate for client in seen))
    found.readings.append(
        (count_feed_statements(site) - readings) / len(site.ports) / statistics.mean(messages)
    )
    found.cores.append(usage.cpu["web"] / took)
    log(
        f"last state max {max(found.delays[-SOCKETS:]):.2f} s, "
        f"{statistics.mean(messages):.1f} messages each, web {found.cores[-1]:.2f} cores"
    )


def count_feed_statements(site: Site) -> int:
    with site.connect() as connection:
        [(calls,)] = connection.execute(FEED_STATEMENTS)
        return int(calls)


class Guests:
    """People who reserve over the API, one request each, at the web processes by turns."""

    def __init__(self, site: Site, event: int, people: list[Person]) -> None:
        self.path, self.ports, self.people = (
            f"/api/events/{event}/register/",
            site.ports,
            iter(people),
        )
        self.count = 0
        self.of_thread = local()
        self.threads = ThreadPoolExecutor(8)

    def reserve(self, count: int, *, a_second: float = 1) -> float:
        """So many, evenly spread. Returns when the last of their requests was sent."""
        begun, sent = time.monotonic(), []
        for number in range(count):
            time.sleep(max(0, begun + number / a_second - time.monotonic()))
            sent.append(
                self.threads.submit(
                    self.reserve_one, next(self.people), self.ports[number % len(self.ports)]
                )
            )
        self.count += count
        return max(one.result() for one in sent)

    def reserve_one(self, person: Person, port: int) -> float:
        connections: dict[int, http.client.HTTPConnection] = self.of_thread.__dict__.setdefault(
            "connections", {}
        )
        connection = connections.setdefault(
            port, http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        )
        sent = time.monotonic()
        connection.request(
            "POST",
            self.path,
            headers={"Authorization": f"Bearer {person.token}", "Content-Length": "0"},
        )
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != http.HTTPStatus.CREATED:
            raise SystemExit(f"{self.path} answers {answer.status}: {body!r}")
        return sent
