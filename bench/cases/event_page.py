"""The public page of an event, anonymous."""

from functools import partial

from bench.bench import CLIENTS, Bench
from bench.data import BIG
from bench.load import Load, Request, wrk
from bench.processes import Site
from bench.results import Result, Verdict, figure

BROWSER = ("Accept: text/html", "Accept-Encoding: gzip, deflate")
EMPTY, PAGE = Request("/bench/empty/", headers=BROWSER), Request(f"/events/{BIG}/", headers=BROWSER)


def run(bench: Bench) -> Result:
    result = Result()
    database = bench.database(100_000)
    with bench.stack.site(database.name) as site:
        sql = bench.sql(site, [PAGE] * 21)
        for clients in CLIENTS:
            runs = {
                "empty view": partial(load, bench, site, EMPTY),
                "event page": partial(load, bench, site, PAGE),
            }
            found = bench.in_turn(runs, clients=clients)
            for name, request in (("empty view", EMPTY), ("event page", PAGE)):
                with site.meter() as usage:
                    last = load(bench, site, request, clients)
                result.figures.append(
                    figure(
                        name,
                        clients,
                        found[name],
                        usage=usage,
                        count=last.count,
                        memory=site.meter().memory(),
                    )
                )
            if clients == 8:
                ratio = found["event page"].rate / found["empty view"].rate
        result.verdicts = [
            Verdict("SQL statements", sql, "", 3),
            Verdict(
                "of the empty view's rate, 8 clients",
                100 * ratio,
                "%",
                60,
                at_least=True,
                ratio=ratio,
                to="the empty view",
            ),
        ]
    return result


def load(bench: Bench, site: Site, request: Request, clients: int) -> Load:
    return wrk(site.ports, [request] * 64, clients=clients, seconds=bench.seconds, again=True)
