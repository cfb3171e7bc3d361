"""Lists and searches with a thousand reservations and with a million."""

import json
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass

from bench.bench import Bench, Person, log
from bench.data import BIG, SIZES, Database
from bench.load import Client, Request, quantile
from bench.processes import ROOT
from bench.results import Figure, Result, Verdict

# Each page is asked so often by turns of the databases, or for so long.
TIMES, LONGEST = 41, 12.0


@dataclass(frozen=True)
class Page:
    name: str
    path: str
    who: str
    api: bool = False

    def request_of(self, people: dict[str, Person]) -> Request:
        person = people.get(self.who)
        headers = () if person is None else person.for_api if self.api else person.for_pages
        return Request(self.path, headers=(*headers, "Accept-Encoding: gzip"))


PAGES = [
    Page("queue", f"/organizer/events/{BIG}/queue/", "organizer"),
    Page("queue, all states", f"/organizer/events/{BIG}/queue/?state=all", "organizer"),
    Page("queue, last page", f"/organizer/events/{BIG}/queue/?state=all&page=1000000", "organizer"),
    Page("queue, search", f"/organizer/events/{BIG}/queue/?state=all&q=guest77@", "organizer"),
    Page(
        "queue, search, common names", f"/organizer/events/{BIG}/queue/?q=nowak+maja", "organizer"
    ),
    Page("live page", f"/organizer/events/{BIG}/", "organizer"),
    Page("participants", f"/api/events/{BIG}/participants/?page=1", "organizer", api=True),
    Page("my reservations", "/reservations/", "guest"),
    Page("my reservations, API", "/api/my-reservations/?page=1", "guest", api=True),
    Page("organizer's events", "/organizer/", "organizer"),
    Page(
        "organizer's events, API",
        "/api/events/organizer/my-events-list/?page=1",
        "organizer",
        api=True,
    ),
    Page(
        "organizer's numbers, API", "/api/events/organizer/metrics/?page=1", "organizer", api=True
    ),
    Page(
        "organizer's reservations, API",
        "/api/organizer/reservations/?page=1",
        "organizer",
        api=True,
    ),
    Page(
        "organizer's reservations by state, API",
        "/api/organizer/reservations/?page=1&status=pending",
        "organizer",
        api=True,
    ),
    Page(
        "organizer's reservations, search, API",
        "/api/organizer/reservations/?page=1&q=guest77@",
        "organizer",
        api=True,
    ),
    Page(
        "organizer's reservations, search, common names, API",
        "/api/organizer/reservations/?page=1&q=nowak+maja",
        "organizer",
        api=True,
    ),
    Page("public list", "/", "nobody"),
    Page("public list, search", "/?q=print", "nobody"),
    Page("events, API", "/api/events/", "nobody", api=True),
    Page("door, search", f"/organizer/events/{BIG}/check-in/search/?q=guest77@", "organizer"),
    Page(
        "door, search, common names",
        f"/organizer/events/{BIG}/check-in/search/?q=now+maj",
        "organizer",
    ),
]


def run(bench: Bench) -> Result:
    result, databases = Result(), [bench.database(size) for size in SIZES]
    with ExitStack() as sites:
        visitors, people = {}, {}
        for database in databases:
            site = sites.enter_context(bench.stack.site(database.name, web=1, worker=False))
            visitors[database] = Client(site.ports[0])
            people[database] = signed_in(bench, database)
        for page in PAGES:
            times = in_turn(page, visitors, people)
            for database, ms in times.items():
                result.figures.append(alone(f"{page.name}, {database.size:,}", ms))
            first, last = (
                quantile(times[database], 0.5) for database in (databases[0], databases[-1])
            )
            log(f"{page.name}: {' '.join(f'{quantile(ms, 0.5):.1f}' for ms in times.values())} ms")
            result.verdicts.append(
                Verdict(
                    page.name,
                    last / first,
                    "×",
                    1.3,
                    ratio=last / first,
                    to="itself with 1,000 reservations",
                )
            )
    for page in PAGES:
        result.plans[page.name] = plan(bench, databases[-1], page.request_of(people[databases[-1]]))
    return result


def signed_in(bench: Bench, database: Database) -> dict[str, Person]:
    return {
        "organizer": bench.signed_in(database, database.organizer)[0],
        "guest": bench.signed_in(database, database.guest)[0],
    }


def in_turn(
    page: Page, visitors: dict[Database, Client], people: dict[Database, dict[str, Person]]
) -> dict[Database, list[float]]:
    """Ordered ms of each database, request by request in turn."""
    times: dict[Database, list[float]] = {database: [] for database in visitors}
    begun = time.monotonic()
    for number in range(-2, TIMES):
        for database, visitor in visitors.items():
            status, _content, ms = visitor.send(page.request_of(people[database]))
            if status != 200:
                raise SystemExit(f"{page.path} answers {status}")
            # The first two warm up.
            if number >= 0:
                times[database].append(ms)
        if number >= 2 and time.monotonic() - begun > LONGEST:
            break
    return {database: sorted(ms) for database, ms in times.items()}


def alone(what: str, ordered: list[float]) -> Figure:
    rate = 1000 * len(ordered) / sum(ordered)
    p50, p95, p99 = (quantile(ordered, share) for share in (0.5, 0.95, 0.99))
    return Figure(what, 1, rate, p50, p95, p99)


def plan(bench: Bench, database: Database, request: Request) -> str:
    """How PostgreSQL answers the statement of this page that takes it longest."""
    command = [sys.executable, "-m", "bench.plans", json.dumps([request.path, request.headers])]
    environment = bench.stack.environment(database.name, "bench")
    return subprocess.run(
        command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True
    ).stdout.strip()
