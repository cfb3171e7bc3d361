"""A server on a fresh demo database, whose rows this process can read and write too."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
START_SECONDS = 60


@contextmanager
def running_demo(folder: Path) -> Iterator[str]:
    """Start the embedded server with its data in `folder`; yield its address, stop it at the end.

    Inside, Django is set up for the same database.
    """
    port = free_port()
    os.environ |= {
        "DATA_DIR": str(folder),
        "PORT": str(port),
        "DATABASE_URL": "",
        "REDIS_URL": "",
        "DJANGO_SETTINGS_MODULE": "eventflow.settings",
        "RATE_LIMITS": "off",
        "DJANGO_ALLOW_ASYNC_UNSAFE": "true",
        "LOG_LEVEL": "ERROR",
        "MAIL_DECISION_DELAY_SECONDS": "0",
    }
    command = [sys.executable, "manage.py", "run"]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        wait_for(f"http://localhost:{port}/health/")
        sys.path.insert(0, str(ROOT))
        import django

        django.setup()
        yield f"http://localhost:{port}"
    finally:
        server.terminate()
        server.wait(timeout=20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(address: str) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        try:
            urllib.request.urlopen(address, timeout=2)
        except OSError:
            time.sleep(0.3)
        else:
            return
    sys.exit(f"The demo did not start within {START_SECONDS} s; bin/run says why.")
