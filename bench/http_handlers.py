"""How much one hop saves: our handler against Django's own ASGIHandler, on the same server.

    python bench/http_handlers.py [--path /] [--rounds 3] [--seconds 4] [--connections 16]

Starts both servers on loopback with a database of their own and loads them by turns, with wrk where
it is installed, else with an asyncio client. Only the ratio means something: figures differ from
machine to machine and from run to run.
"""

import argparse
import asyncio
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HANDLERS = ("stock", "one-hop")


def main() -> None:
    options = parse()
    if options.serve:
        return serve(options.serve, options.port)
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "DATA_DIR": folder,
            "DEBUG": "False",
            "DJANGO_SECRET_KEY": "only-for-this-bench-0123456789-0123456789",
            "EMAIL_HOST": "127.0.0.1",
            "LOG_LEVEL": "WARNING",
        }
        for command in (["migrate", "-v0"], ["load_demo"], ["collectstatic", "--noinput", "-v0"]):
            subprocess.run(
                [sys.executable, "manage.py", *command],
                cwd=ROOT,
                env=environment,
                check=True,
                stdout=subprocess.DEVNULL,
            )
        compare(options, environment)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--path", default="/")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--serve", choices=HANDLERS, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


def compare(options: argparse.Namespace, environment: dict[str, str]) -> None:
    ports = {handler: free_port() for handler in HANDLERS}
    servers = [
        subprocess.Popen(
            [sys.executable, __file__, "--serve", handler, "--port", str(port)],
            cwd=ROOT,
            env=environment,
        )
        for handler, port in ports.items()
    ]
    try:
        rates: dict[str, list[float]] = {handler: [] for handler in HANDLERS}
        for port in ports.values():
            wait_for(port)
            load(port, options.path, 1, options.connections)
        for number in range(options.rounds):
            for handler, port in ports.items():
                rates[handler].append(
                    load(port, options.path, options.seconds, options.connections)
                )
                print(
                    f"round {number + 1}  {handler:8} {rates[handler][-1]:7.0f} requests/s",
                    flush=True,
                )
    finally:
        for server in servers:
            server.terminate()
        for server in servers:
            server.wait(15)
    stock, ours = (statistics.median(rates[handler]) for handler in HANDLERS)
    ratio = ours / stock
    print(f"{options.path}: stock {stock:.0f}, one hop {ours:.0f} requests/s, ratio {ratio:.2f}")


def serve(handler: str, port: int) -> None:
    sys.path.insert(0, str(ROOT))
    os.environ["DJANGO_SETTINGS_MODULE"] = "eventflow.settings"
    from eventflow.server.server import Server  # noqa: I001  it brings the event loop
    from eventflow.server.application import Application
    from eventflow import asgi
    from django.core.handlers.asgi import ASGIHandler

    application = asgi.application
    if handler == "stock":
        application = Application(ASGIHandler(), pages=asgi.pages, feeds=asgi.feeds)
    server = Server(application, host="127.0.0.1", port=port)
    server.listen()
    server.run()


def load(port: int, path: str, seconds: int, connections: int) -> float:
    """Answers a second. Anything but 200 ends the bench."""
    url = f"http://127.0.0.1:{port}{path}"
    if shutil.which("wrk") is None:
        return asyncio.run(load_from_here(port, path, seconds, connections))
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", url]
    report = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in report:
        raise SystemExit(f"{url} answers with errors:\n{report}")
    rate = re.search(r"Requests/sec:\s+([\d.]+)", report)
    if rate is None:
        raise SystemExit(f"wrk reports no rate:\n{report}")
    return float(rate[1])


async def load_from_here(port: int, path: str, seconds: int, connections: int) -> float:
    ends = time.monotonic() + seconds
    counts = await asyncio.gather(*(ask_until(ends, port, path) for _ in range(connections)))
    return sum(counts) / seconds


async def ask_until(ends: float, port: int, path: str) -> int:
    count = 0
    while time.monotonic() < ends:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
        )
        answer = await reader.read(-1)
        writer.close()
        if not answer.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"{path} answers {answer[:40]!r}")
        count += 1
    return count


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port: int) -> None:
    for _ in range(100):
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
    raise SystemExit("A server did not start.")


if __name__ == "__main__":
    main()
