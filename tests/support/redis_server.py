"""A real Redis of a test's own, that can be stopped, hung and brought back."""

import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from tests.support.processes import wait_until
from tests.support.smtp_server import free_port


class RedisServer:
    """On a port of its own; keeps nothing on disk."""

    def __init__(self, folder: Path) -> None:
        assert shutil.which("redis-server"), "This test needs redis-server; bin/test installs it."
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.words = [
            "redis-server",
            "--bind",
            "127.0.0.1",
            "--port",
            str(self.port),
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
            str(folder),
        ]

    def start(self) -> None:
        self.process = subprocess.Popen(self.words, stdout=subprocess.DEVNULL)
        wait_until(self.answers)

    def answers(self) -> bool:
        with redis.Redis.from_url(self.url) as client:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()

    def kill_listeners(self) -> None:
        """Cut the connections of those who wait for messages."""
        with redis.Redis.from_url(self.url) as client:
            client.client_kill_filter(_type="pubsub")

    def commands(self) -> Counter[str]:
        """How often it was asked for what since its start, looking and connecting apart."""
        with redis.Redis.from_url(self.url) as client:
            stats = client.info("commandstats")
        asked = {name.removeprefix("cmdstat_"): said["calls"] for name, said in stats.items()}
        return Counter(
            {
                name: calls
                for name, calls in asked.items()
                if name not in {"info", "ping", "hello"} and not name.startswith("client|")
            }
        )

    def hang(self) -> None:
        """Keep every connection and answer none."""
        self.process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        self.process.send_signal(signal.SIGCONT)


@contextmanager
def running_redis(folder: Path) -> Iterator[RedisServer]:
    """Started, and certainly gone afterwards."""
    server = RedisServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()
