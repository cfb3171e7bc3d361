"""Runs the product on one of three ASGI servers: our own, daphne or uvicorn."""

import contextlib
import signal
import socket
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings

from tests.support.forked import Process
from tests.support.processes import environment, wait_until
from tests.support.server_process import Site
from tests.support.smtp_server import free_port

APPLICATION = "eventflow.asgi:application"
COMMANDS = {
    "ours": f"{settings.BASE_DIR}/manage.py serve --port {{port}}",
    "daphne": f"-m daphne --port {{port}} --verbosity 0 {APPLICATION}",
    "uvicorn": f"-m uvicorn --port {{port}} --log-level warning --no-proxy-headers {APPLICATION}",
}


def command_of(server: str, port: int) -> list[str]:
    return [sys.executable, *(word.format(port=port) for word in COMMANDS[server].split())]


@contextlib.contextmanager
def running(servers: Iterable[str], folder: Path, **env: Any) -> Iterator[dict[str, Site]]:
    """The product on each of these servers, once all answer; stopped by SIGTERM afterwards.

    Fails if one of them writes a traceback, or does not end.
    """
    with contextlib.ExitStack() as stack:
        sites = {
            server: stack.enter_context(started(server, folder / server, **env))
            for server in servers
        }
        for site in sites.values():
            wait_until(partial(has_answered, site), seconds=300)
            assert site.process.poll() is None, site.log.read_text()
        yield sites
        for site in sites.values():
            site.process.send_signal(signal.SIGTERM)
        for server, site in sites.items():
            site.wait_for_end()
            assert "Traceback" not in site.log.read_text(), (server, site.log.read_text())


@contextlib.contextmanager
def started(server: str, log: Path, **env: Any) -> Iterator[Site]:
    """A process that begins to serve, and is certainly gone afterwards."""
    port = free_port()
    with log.open("w") as output:
        process = Process(
            command_of(server, port),
            cwd=settings.BASE_DIR,
            env=environment(**{"DEBUG": True, "REDIS_URL": "", **env}),
            stdout=output,
            stderr=output,
        )
    try:
        yield Site(process, port, log)
    finally:
        process.kill()
        process.wait()


def has_answered(site: Site) -> bool:
    """Whether the port is open, or never will be."""
    if site.process.poll() is not None:
        return True
    try:
        socket.create_connection(("127.0.0.1", site.port), timeout=1).close()
    except OSError:
        return False
    return True
