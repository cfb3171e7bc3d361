"""Running processes of EventFlow on one database: web processes and workers."""

import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from bench.meter import Meter

if TYPE_CHECKING:
    from bench.stack import Stack

ROOT = Path(__file__).resolve().parent.parent


class Site:
    """Running processes of EventFlow, and what they use."""

    def __init__(self, stack: "Stack", database: str) -> None:
        self.stack, self.database = stack, database
        self.web: list[subprocess.Popen[str]] = []
        self.workers: list[subprocess.Popen[str]] = []
        self.ports: list[int] = []
        self.logs: list[Path] = []

    def start_web(self, **env: Any) -> float:
        """One more web process. Returns the seconds until it answered a page."""
        log = self.stack.folder / f"web-{self.database}-{len(self.web)}.log"
        begun = time.monotonic()
        with log.open("w") as words:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "serve", "--port", "0"],
                cwd=ROOT,
                env=self.stack.environment(self.database, "web", **env),
                stdout=subprocess.PIPE,
                stderr=words,
                text=True,
            )
        self.web.append(process)
        self.logs.append(log)
        first = process.stdout.readline() if process.stdout else ""
        if not first.startswith("Listening on "):
            raise SystemExit(f"A web process did not start:\n{log.read_text()}")
        self.ports.append(int(first.rsplit(":", 1)[1]))
        return time.monotonic() - begun

    def start_worker(self, **env: Any) -> None:
        log = self.stack.folder / f"worker-{self.database}.log"
        with log.open("w") as words:
            command = [sys.executable, "manage.py", "worker"]
            self.workers.append(
                subprocess.Popen(
                    command,
                    cwd=ROOT,
                    env=self.stack.environment(self.database, "worker", **env),
                    stdout=words,
                    stderr=words,
                    text=True,
                )
            )

    def stop(self) -> None:
        for process in self.web + self.workers:
            process.terminate()
        for process in self.web + self.workers:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout:
                process.stdout.close()

    def connect(self) -> "psycopg.Connection[Any]":
        return self.stack.connect(self.database)

    def meter(self) -> Meter:
        """A meter of all processes."""
        pids = {
            "web": [process.pid for process in self.web],
            "worker": [process.pid for process in self.workers],
            "redis": [self.stack.redis.pid],
        }
        return Meter(pids, postmaster=self.stack.postgresql.pid, connect=self.connect)
