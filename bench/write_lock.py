"""How long a write waits on SQLite beside three strangers who sign up and log in without end.

    .venv/bin/python bench/write_lock.py --seconds 10

Starts the product on a database of its own, with Django's real password hash. The strangers send a
new `Idempotency-Key` each time; the writer sets the language of a demo person through the page.
"""

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.support.http_client import HttpClient  # noqa: E402
from tests.support.smtp_server import free_port  # noqa: E402

STRANGERS = 3


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=10)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        env = {
            **os.environ,
            "DATA_DIR": folder,
            "PORT": str(port),
            "DATABASE_URL": "",
            "RATE_LIMITS": "off",
            "LOG_LEVEL": "ERROR",
        }
        server = subprocess.Popen(
            [sys.executable, "manage.py", "run"], cwd=ROOT, env=env, stdout=subprocess.DEVNULL
        )
        try:
            measure(port, options.seconds)
        finally:
            server.terminate()
            server.wait(30)


def measure(port: int, seconds: float) -> None:
    writer = HttpClient(port)
    wait_for(port)
    writer.log_in("admin@example.org", "eventflow-demo")
    say("alone", writes(writer, seconds))
    stop = threading.Event()
    sent: list[int] = []
    strangers = [
        threading.Thread(target=hash_without_end, args=(port, number, stop, sent))
        for number in range(STRANGERS)
    ]
    for stranger in strangers:
        stranger.start()
    say(f"beside {STRANGERS} hashing strangers", writes(writer, seconds))
    stop.set()
    for stranger in strangers:
        stranger.join()
    print(f"the strangers were answered {len(sent)} times")


def writes(writer: HttpClient, seconds: float) -> list[float]:
    took, until = [], time.monotonic() + seconds
    while time.monotonic() < until:
        page = "/accounts/settings/"
        answer = writer.post(page, page=page, first_name="Anna", last_name="Nowak", language="en")
        took.append(answer.seconds)
        time.sleep(0.05)
    return took


def hash_without_end(port: int, number: int, stop: threading.Event, sent: list[int]) -> None:
    count = 0
    while not stop.is_set():
        count += 1
        path = "/api/users/register/" if count % 2 else "/api/login/"
        body = json.dumps(
            {"email": f"s{number}-{count}@example.net", "password": "seven quiet rivers"}
        )
        headers = {"Content-Type": "application/json", "Idempotency-Key": f"{number}-{count}"}
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("POST", path, body, headers)
        sent.append(connection.getresponse().status)
        connection.close()


def wait_for(port: int) -> None:
    for _ in range(600):
        with suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/health/")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.1)
    raise SystemExit("no server")


def say(what: str, took: list[float]) -> None:
    median, worst = statistics.median(took), max(took)
    print(f"{what}: {len(took)} writes, median {median:.3f} s, worst {worst:.3f} s", flush=True)


if __name__ == "__main__":
    main()
