"""Lets only tests marked `process` or `browser` start a process, so that the others stay cheap.

Python's audit events report every way to start one (PEP 578). Loaded with
`-p tests.support.process_guard`.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

STARTS = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.exec", "os.system"}
MARKS = ("process", "browser")


class Guard:
    """Refuses to start a process while a test runs that has no mark for it."""

    def __init__(self) -> None:
        self.item: pytest.Item | None = None
        self.allows_all = False

    def check(self, event: str, args: tuple[object, ...]) -> None:
        """Called by Python at every audit event; an exception prevents what was about to happen."""
        if event in STARTS and self.item and not self.allows_all:
            raise RuntimeError(
                f"{self.item.nodeid} starts a process: mark it with @pytest.mark.process, "
                "and let the mark's argument say why it needs one."
            )

    @contextmanager
    def allow_processes(self) -> Iterator[None]:
        """Let a fixture of the whole session start processes, whichever test uses it first."""
        self.allows_all = True
        try:
            yield
        finally:
            self.allows_all = False

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self.item = None if any(map(item.get_closest_marker, MARKS)) else item
        try:
            return (yield)
        finally:
            self.item = None


guard = Guard()
sys.addaudithook(guard.check)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(guard, "process-guard")
