"""Starts processes of the product on the database of the running tests.

They are forked from one that has read the libraries (tests/support/forked.py); what an operator
starts, by exec, is in tests/eventflow/test_scripts.py.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import connection

from tests.support import forked

PATIENCE_SECONDS = 60


def environment(**extra: Any) -> dict[str, str]:
    """The environment of a process that works on the tests' database, changed by `extra`.

    Every setting is named, so that a developer's .env changes nothing.
    """
    ours = {
        "DJANGO_SETTINGS_MODULE": "tests.support.child_settings",
        "TEST_DATABASE": connection.settings_dict["NAME"],
        "DATABASE_URL": settings.DATABASE_URL,
        "REDIS_URL": settings.REDIS_URL,
        "DATA_DIR": settings.DATA_DIR,
        "DJANGO_SECRET_KEY": settings.SECRET_KEY,
        "DEBUG": settings.EMBEDDED,
        "MAIL_DECISION_DELAY_SECONDS": 0,
        "LOG_LEVEL": "WARNING",
    }
    return {**os.environ, **{name: str(value) for name, value in (ours | extra).items()}}


def command(*words: str) -> list[str]:
    """The command that runs manage.py with these arguments."""
    return [sys.executable, str(settings.BASE_DIR / "manage.py"), *words]


def run(
    words: list[str], *, input: str = "", timeout: float = 60, **env: Any
) -> "subprocess.CompletedProcess[str]":
    """Run this command to its end. Returns its exit code, stdout and stderr."""
    return forked.run(
        words, env=environment(**env), cwd=settings.BASE_DIR, input=input, timeout=timeout
    )


@contextmanager
def running(words: list[str], **env: Any) -> Iterator[forked.Process]:
    """Start this command; its process is killed afterwards."""
    process = forked.Process(words, cwd=settings.BASE_DIR, env=environment(**env))
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_until(condition: Callable[[], Any], *, seconds: float = PATIENCE_SECONDS) -> Any:
    """Ask until the condition is true and return its answer; fail if it is not true in time."""
    until = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < until, f"still waiting after {seconds} s"
        time.sleep(0.05)
    return answer
