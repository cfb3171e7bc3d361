"""Sentry hangs or is not there: no request takes longer, not even one that fails."""

import asyncio
import statistics
from contextlib import ExitStack

import pytest

from tests.faults.api_callers import Caller
from tests.faults.tcp_proxy import proxy_to
from tests.faults.web_processes import WebProcesses
from tests.support.sentry_server import running_sentry_server
from tests.support.smtp_server import free_port

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 150
PAGES = {"a page": "/fine/", "an error": "/breaks/nobody/"}


async def medians(ports: dict[str, int]) -> dict[tuple[str, str], float]:
    """Return {(server, page): median seconds of its answers}.

    The servers are asked in turn, so that a busy moment of the machine meets all of them.
    """
    caller = {name: Caller() for name in ports}
    seconds: dict[tuple[str, str], list[float]] = {
        (name, page): [] for name in ports for page in PAGES
    }
    for number in range(ROUNDS + 10):
        for page, path in PAGES.items():
            for name, port in ports.items():
                answer = await caller[name].ask(port, "GET", path)
                assert answer.status == (200 if page == "a page" else 500)
                # The first ones load what is loaded late.
                if number >= 10:
                    seconds[name, page].append(answer.seconds)
    for each in caller.values():
        await each.close()
    return {key: statistics.median(values) for key, values in seconds.items()}


def test_sentry_outage_slows_no_request(figures, redis, tmp_path):
    with ExitStack() as stack:
        sentry = stack.enter_context(running_sentry_server())
        proxy = stack.enter_context(proxy_to(int(sentry.dsn.split(":")[-1].removesuffix("/1"))))
        proxy.hang()
        addresses = {
            "unset": "",
            "hung": f"http://public@127.0.0.1:{proxy.port}/1",
            "not there": f"http://public@127.0.0.1:{free_port()}/1",
        }
        ports = {}
        for number, (name, dsn) in enumerate(addresses.items()):
            (folder := tmp_path / str(number)).mkdir()
            web = WebProcesses(
                1,
                folder,
                REDIS_URL=redis.url,
                SENTRY_DSN=dsn,
                DJANGO_SETTINGS_MODULE="tests.support.sentry_settings",
            )
            (ports[name],) = stack.enter_context(web).ports
        found = asyncio.run(medians(ports))
    for name in ("hung", "not there"):
        for page in PAGES:
            slower = max(0.0, found[name, page] - found["unset", page]) * 1000
            figures.at_most(f"Sentry {name}: {page} takes longer by", slower, 10, "ms")
    figures.check()
