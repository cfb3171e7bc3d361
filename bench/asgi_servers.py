"""Our server beside daphne, uvicorn and granian: the same application, measured by turns.

    python -m bench.asgi_servers [--sockets 5000] [--rounds 3] [--seconds 4] [--connections 16]

Requests a second and CPU a request for an empty view and an event's page, with wrk; then sockets at
one event: memory each, how long all take to open and to come back when all were cut, the delay of
a change; then what SIGTERM does to a request that runs and to a socket. One server at a time holds
the sockets. uvicorn and granian are measured where they are installed. On a busy machine only
CPU, memory and the ratios within one run mean something.
"""

import argparse
import http.client
import importlib.util
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.meter import cpu_seconds
from bench.socket_clients import SocketClients

ROOT = Path(__file__).resolve().parent.parent
APPLICATION = "eventflow.asgi:application"
SERVERS = {
    "ours": "manage.py serve --port {port}",
    "daphne": f"-m daphne --port {{port}} --verbosity 0 {APPLICATION}",
    "uvicorn": (
        f"-m uvicorn --port {{port}} --log-level warning --no-access-log --backlog 4096"
        f" --ws-max-size 4096 {APPLICATION}"
    ),
    "granian": (
        f"-m granian --interface asgi --port {{port}} --log-level warning --backlog 4096"
        f" --backpressure 20000 --respawn-failed-workers {APPLICATION}"
    ),
}
PATHS = ("/bench/empty/", "/events/1/")
CHANGES, TOKEN = 8, "a" * 32
# Prints the id of a new event, and a session of each of so many people.
PREPARE = """
from datetime import timedelta
from importlib import import_module
from uuid import uuid4
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.utils import timezone
from accounts.models import User
from events.models import Event
start = timezone.now() + timedelta(days=9)
event = Event.objects.create(
    title="Bench", organizer=User.objects.first(), status="published", admission="approval",
    start_time=start, end_time=start + timedelta(hours=2), seats_limit=100)
print(event.pk)
store = import_module(settings.SESSION_ENGINE).SessionStore
for number in range(%d):
    person = User.objects.create(email=f"{uuid4().hex}@example.org", is_active=True)
    session = store()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.save()
    print(session.session_key)
"""


def main() -> None:
    options = parse()
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "DATA_DIR": folder,
            "DATABASE_URL": "",
            "REDIS_URL": "",
            "DEBUG": "False",
            "DJANGO_SECRET_KEY": "only-for-this-bench-0123456789-0123456789",
            "DJANGO_SETTINGS_MODULE": "bench.settings",
            "EMAIL_HOST": "127.0.0.1",
            "LOG_LEVEL": "ERROR",
            "RATE_LIMITS": "off",
            "PYTHONPATH": f"{ROOT}:{os.environ.get('PYTHONPATH', '')}",
        }
        for words in (["migrate", "-v0"], ["load_demo"], ["collectstatic", "--noinput", "-v0"]):
            manage(environment, *words)
        servers = [name for name in options.servers if name == "ours" or is_installed(name)]
        if options.rounds:
            compare_rates(servers, environment, options)
        for server in servers:
            measure_sockets(server, environment, options)
            measure_stop(server, environment)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3, help="0: no rates")
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--sockets", type=int, default=5_000)
    parser.add_argument("servers", nargs="*", default=list(SERVERS))
    return parser.parse_args()


def is_installed(server: str) -> bool:
    return importlib.util.find_spec(server) is not None


def manage(environment: dict[str, str], *words: str) -> str:
    """Run a command of manage.py, and return what it prints."""
    command = [sys.executable, "manage.py", *words]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, check=True, text=True, stdout=subprocess.PIPE
    )
    return done.stdout


class Running:
    """A server in a process of its own, with the processes that it starts."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int) -> None:
        self.process, self.port = process, port

    def pids(self) -> list[int]:
        children = subprocess.run(
            ["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True, check=False
        )
        return [self.process.pid, *map(int, children.stdout.split())]

    def cpu(self) -> float:
        return sum(map(cpu_seconds, self.pids()))

    def memory(self) -> int:
        """Bytes, of all its processes."""
        status = "".join(Path(f"/proc/{pid}/status").read_text() for pid in self.pids())
        return sum(int(kilobytes) for kilobytes in re.findall(r"VmRSS:\s+(\d+)", status)) * 1024


@contextmanager
def running(server: str, environment: dict[str, str]) -> Iterator[Running]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [sys.executable, *SERVERS[server].format(port=port).split()]
    process = subprocess.Popen(words, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        wait_for(port)
        yield Running(process, port)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def wait_for(port: int) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("GET", "/health/live")
            if connection.getresponse().status == http.HTTPStatus.OK:
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("A server did not start.")


def compare_rates(
    servers: list[str], environment: dict[str, str], options: argparse.Namespace
) -> None:
    """Load all servers by turns, so that what else the machine does hits all alike."""
    with ExitStack() as stack:
        sites = {name: stack.enter_context(running(name, environment)) for name in servers}
        for path in PATHS:
            rates: dict[str, list[tuple[float, float]]] = {name: [] for name in servers}
            for site in sites.values():
                load(site, path, 1, options.connections)
            for _round in range(options.rounds):
                for name, site in sites.items():
                    rates[name].append(load(site, path, options.seconds, options.connections))
            for name, found in rates.items():
                rate, cpu = (statistics.median(column) for column in zip(*found, strict=True))
                print(f"{path:16} {name:8} {rate:6.0f}/s  {cpu * 1000:5.2f} ms CPU", flush=True)
        for name, site in sites.items():
            print(f"memory           {name:8} {site.memory() / 1e6:6.0f} MB", flush=True)


def load(site: Running, path: str, seconds: int, connections: int) -> tuple[float, float]:
    """Requests a second, and seconds of CPU a request."""
    url = f"http://127.0.0.1:{site.port}{path}"
    before = site.cpu()
    words = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s", url]
    report = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    if refused := re.search("Non-2xx.*", report):
        print(f"  {url}: {refused[0]}")
    rate, count = number(r"Requests/sec:\s+([\d.]+)", report), number(r"(\d+) requests in", report)
    return rate, (site.cpu() - before) / max(count, 1.0)


def number(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    return float(found[1]) if found else 0.0


def measure_sockets(server: str, environment: dict[str, str], options: argparse.Namespace) -> None:
    prepared = manage(environment, "shell", "-v0", "-c", PREPARE % (CHANGES + 1)).split()
    event, sessions = int(prepared[0]), prepared[1:]
    with (
        running(server, environment) as site,
        SocketClients(f"/ws/events/{event}/", [site.port]) as clients,
    ):
        clients.open(100)
        time.sleep(1)
        before, cpu = site.memory(), site.cpu()
        opened = clients.open(options.sockets - 100)
        opening, cost = site.cpu() - cpu, (site.memory() - before) / (options.sockets - 100)
        delays, cpu, messages = [], site.cpu(), 0
        clients.take()
        for number, session in enumerate(sessions[:CHANGES]):
            sent = time.monotonic()
            reserve(site, event, session)
            time.sleep(2)
            seen = clients.take()
            messages += sum(one.messages for one in seen)
            delays += [one.received - sent for one in seen if one.pending == number + 1]
        spent = (site.cpu() - cpu) / messages * 1e6
        told = len(delays) / (CHANGES * options.sockets)
        back = clients.cut(then=lambda: reserve(site, event, sessions[-1]), waiting=CHANGES + 1)
        quantiles = [1000 * point for point in statistics.quantiles(delays, n=100)]
        print(
            f"{options.sockets} sockets     {server:8} {cost / 1000:5.1f} kB each, opened in"
            f" {opened:.1f} s with {opening:.1f} s CPU; a change reaches {told:.1%} of them,"
            f" p50 {quantiles[49]:.0f} ms, p99 {quantiles[98]:.0f} ms,"
            f" {spent:.0f} us CPU a message; all cut and back in {back:.1f} s",
            flush=True,
        )


def reserve(site: Running, event: int, session: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=60)
    headers = {
        "Cookie": f"sessionid={session}; csrftoken={TOKEN}",
        "X-CSRFToken": TOKEN,
        "Content-Length": "0",
    }
    connection.request("POST", f"/events/{event}/reserve/", headers=headers)
    answer = connection.getresponse()
    if answer.status != http.HTTPStatus.FOUND:
        raise SystemExit(f"The reservation answers {answer.status}: {answer.read()[:200]!r}")


def measure_stop(server: str, environment: dict[str, str]) -> None:
    """SIGTERM while a request runs, another is half sent, and a socket is open."""
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.client import connect

    with running(server, environment) as site, ExitStack() as stack:
        address = f"ws://127.0.0.1:{site.port}/ws/events/1/"
        ours = stack.enter_context(connect(address, open_timeout=60))
        ours.recv(timeout=60)
        slow = ask(site, "/bench/slow/")
        time.sleep(0.5)
        began = time.monotonic()
        site.process.send_signal(signal.SIGTERM)
        try:
            while True:
                ours.recv(timeout=60)
        except ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd else "none"
        try:
            answer = slow.recv(4096).split(b"\r\n")[0].decode() or "nothing"
        except OSError as error:
            answer = type(error).__name__
        exit_code = site.process.wait(120)
        print(
            f"SIGTERM          {server:8} socket closed with {code}; running request: {answer};"
            f" ended after {time.monotonic() - began:.1f} s with {exit_code}",
            flush=True,
        )


def ask(site: Running, path: str) -> socket.socket:
    ours = socket.create_connection(("127.0.0.1", site.port), timeout=60)
    ours.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return ours


if __name__ == "__main__":
    main()
