"""Real processes of the product, on the database of the running tests."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import connection

PATIENCE_SECONDS = 60


def environment(**extra: Any) -> dict[str, str]:
    """What a child needs to work on the tests' database. Everything is named, so that a developer's .env changes nothing."""
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
    return [sys.executable, str(settings.BASE_DIR / "manage.py"), *words]


@contextmanager
def running(words: list[str], **env: Any) -> Iterator["subprocess.Popen[str]"]:
    """A process that is certainly gone afterwards."""
    process = subprocess.Popen(words, cwd=settings.BASE_DIR, env=environment(**env), text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_until(condition: Callable[[], Any], *, seconds: float = PATIENCE_SECONDS) -> Any:
    """The first true answer of `condition`; fails the test when there is none in time."""
    until = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < until, f"still waiting after {seconds} s"
        time.sleep(0.05)
    return answer
