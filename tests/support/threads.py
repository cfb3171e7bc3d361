"""Calls that run at the same time in one process."""

import threading
from collections.abc import Callable, Iterable
from typing import Any


def run_together(calls: Iterable[Callable[[], Any]]) -> None:
    """Run each of these calls in a thread of its own, and wait until all have ended."""
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
