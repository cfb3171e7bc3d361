"""Sets up `pytest` in the development container: `docker compose exec backend pytest -q`.

Loaded with `-p tests.support.in_container`, as the image's PYTEST_ADDOPTS says, before
tests.support.worker_isolation and Django's settings read the environment. The tests get the
stack's PostgreSQL, where they make databases of their own, and nothing else of what the running
container is told. Their Redis is their own too, one for each of pytest's workers, because they
empty it.
"""

import atexit
import os
import subprocess
import tempfile

from tests.support.smtp_server import free_port

WORKERS = 2
KEPT = ("PATH", "HOME", "LANG", "DATABASE_URL", "PYTHON", "PYTEST", "HYPOTHESIS", "TERM")


def prepare() -> None:
    """Set the environment as bin/test does for PostgreSQL; pytest's workers inherit it."""
    box = tempfile.mkdtemp(prefix="eventflow-tests-")
    kept = {name: value for name, value in os.environ.items() if name.startswith(KEPT)}
    ours = {
        "DATA_DIR": f"{box}/var",
        "DEBUG": "False",
        "DJANGO_SECRET_KEY": "only-for-the-tests-on-postgresql",
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": "9",
        "REDIS_URLS": " ".join(start_redis(box) for _ in range(WORKERS)),
    }
    os.environ.clear()
    os.environ.update(kept | ours)


def start_redis(box: str) -> str:
    """Start a Redis that keeps its files in `box` and ends with this process. Returns its URL."""
    port = free_port()
    options = f"--bind 127.0.0.1 --port {port} --appendonly no".split()
    words = ["redis-server", *options, "--save", "", "--dir", box]
    server = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    atexit.register(server.terminate)
    return f"redis://127.0.0.1:{port}/0"


if "PYTEST_XDIST_WORKER" not in os.environ:
    prepare()
