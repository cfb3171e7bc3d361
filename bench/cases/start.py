"""Start and memory: until a web process answers, and what two of them and the worker hold."""

import time

from bench.bench import Bench
from bench.data import BIG
from bench.load import Client, Request, wrk
from bench.results import Result, Verdict

TIMES = 5
# What they hold after some work, not before the first request.
PAGES = [
    Request("/"),
    Request(f"/events/{BIG}/"),
    Request("/api/events/"),
    Request("/accounts/login/"),
]


def run(bench: Bench) -> Result:
    result, database = Result(), bench.database(100_000)
    ready = sorted(seconds_until_ready(bench, database.name) for _ in range(TIMES))
    with bench.stack.site(database.name) as site:
        wrk(site.ports, PAGES, clients=16, seconds=bench.seconds, again=True)
        time.sleep(2)
        memory = site.meter().memory()
    ours = memory["web"] + memory["worker"]
    result.verdicts = [
        Verdict("a web process has answered its first page", ready[TIMES // 2], "s", 3),
        Verdict("two web processes and the worker, PSS", ours, "MiB", 350),
    ]
    result.notes.append(
        f"web {memory['web']:.0f} MiB together, worker {memory['worker']:.0f} MiB, "
        f"after {bench.seconds} s of load by 16 clients"
    )
    return result


def seconds_until_ready(bench: Bench, database: str) -> float:
    """From the command to the first answer of a page."""
    begun = time.monotonic()
    with bench.stack.site(database, web=1, worker=False) as site:
        status, _page, _ms = Client(site.ports[0]).send(PAGES[0])
        assert status == 200
        return time.monotonic() - begun
