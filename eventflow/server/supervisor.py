"""Runs web and worker as one program, which starts, stops and fails as a whole."""

import ctypes
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

# How long a child may take after SIGTERM to finish its requests, or the mail it is sending.
GRACE_SECONDS = 15
CHECK_EVERY_SECONDS = 0.1
RESTART_AFTER_SECONDS = 1.0
PR_SET_PDEATHSIG = 1


class Supervisor:
    """Runs `web`, and `worker`, which is started again when it dies.

    `is_up` tells whether the web process answers; `on_up` is called once when it does.
    """

    def __init__(
        self,
        *,
        web: list[str],
        worker: list[str],
        is_up: Callable[[], bool],
        on_up: Callable[[], None],
    ) -> None:
        self.web_command, self.worker_command = web, worker
        self.is_up, self.on_up = is_up, on_up
        self.children: list[subprocess.Popen[bytes]] = []
        self.is_stopping = False

    def run(self) -> int:
        """Run until a signal asks to stop (returns 0) or the web process ends by itself (1).

        No child outlives the call.
        """
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(signum, self.stop)
        try:
            self.web = self.start(self.web_command)
            self.start_worker()
            return self.watch()
        finally:
            self.stop_children()

    def start(self, command: list[str]) -> "subprocess.Popen[bytes]":
        # A process group of its own: Ctrl-C in the terminal reaches the supervisor alone, which
        # then stops every child once.
        options: Any = {"process_group": 0, "preexec_fn": die_with_parent}
        child: subprocess.Popen[bytes] = subprocess.Popen(command, **options)  # noqa: S603  ours
        self.children.append(child)
        return child

    def start_worker(self) -> None:
        self.worker, self.worker_started = self.start(self.worker_command), time.monotonic()

    def watch(self) -> int:
        has_been_up = False
        while not self.is_stopping:
            if self.web.poll() is not None:
                return 1
            if not has_been_up and self.is_up():
                self.on_up()
                has_been_up = True
            self.restart_dead_worker()
            time.sleep(CHECK_EVERY_SECONDS)
        return 0

    def restart_dead_worker(self) -> None:
        """Start a dead worker again, but not faster than it can fail."""
        age = time.monotonic() - self.worker_started
        if self.worker.poll() is None or age < RESTART_AFTER_SECONDS:
            return
        ended = f"The worker ended with code {self.worker.returncode}; starting another."
        print(ended, file=sys.stderr)  # noqa: T201  there is nobody else to say it
        self.children.remove(self.worker)
        self.start_worker()

    def stop(self, signum: int, frame: FrameType | None) -> None:
        """Let the children finish; at the second signal, kill them."""
        if self.is_stopping:
            for child in self.children:
                child.kill()
        self.is_stopping = True

    def stop_children(self) -> None:
        for child in self.children:
            child.terminate()
        until = time.monotonic() + GRACE_SECONDS
        for child in self.children:
            try:
                child.wait(timeout=max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def die_with_parent() -> None:
    """In a new child, on Linux: end with the supervisor, even if that is killed (-9).

    Otherwise a child would be left behind that holds the port.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
