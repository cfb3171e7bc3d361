"""A Redis server that belongs to one test, which can stop, suspend and restart it."""

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
    """A Redis server on a free port that keeps nothing on disk."""

    def __init__(self, folder: Path) -> None:
        assert shutil.which("redis-server"), "This test needs redis-server; bin/test installs it."
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        options = f"--bind 127.0.0.1 --port {self.port} --appendonly no".split()
        self.words = ["redis-server", *options, "--save", "", "--dir", str(folder)]

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
        """Cut the connections of all subscribers."""
        with redis.Redis.from_url(self.url) as client:
            client.client_kill_filter(_type="pubsub")

    def commands(self) -> Counter[str]:
        """Count the calls of each command since the start, without connecting and looking."""
        with redis.Redis.from_url(self.url) as client:
            stats = client.info("commandstats")
        calls = {name.removeprefix("cmdstat_"): row["calls"] for name, row in stats.items()}
        ignored = {"info", "ping", "hello", *(name for name in calls if name.startswith("client|"))}
        return Counter({name: number for name, number in calls.items() if name not in ignored})

    def hang(self) -> None:
        """Suspend the server: it keeps every connection and answers none."""
        self.process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        self.process.send_signal(signal.SIGCONT)


@contextmanager
def running_redis(folder: Path) -> Iterator[RedisServer]:
    """Start a Redis server; it is killed afterwards."""
    server = RedisServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()
