"""Django's `migrate` under a lock: of several that start at once, one works and the others wait."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.commands import migrate
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

# The number of PostgreSQL's advisory lock; no other program may use it.
LOCK = 0x4576_656E_7446_6C6F
RETRY_SECONDS = 0.2


class Command(migrate.Command):
    help = (
        "Bring the database up to date. Started several times at once on PostgreSQL, one works and "
        "the others wait for it."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        with hold_migration_lock(connections[options["database"]], on_wait=self.print_line):
            super().handle(*args, **options)

    def print_line(self, sentence: str) -> None:
        self.stderr.write(sentence)


@contextmanager
def hold_migration_lock(
    connection: BaseDatabaseWrapper, *, on_wait: Any = lambda sentence: None
) -> Iterator[None]:
    """Hold PostgreSQL's advisory lock for migrations of this database. SQLite needs none.

    `on_wait` is called once with a sentence if another process holds it. The lock ends with its
    connection, so a killed process frees it. It is tried again and again instead of waited for: a
    waiting transaction has a snapshot, and CREATE INDEX CONCURRENTLY of the other process would
    wait for that.
    """
    if connection.vendor != "postgresql":
        yield
        return
    has_told = False
    while not is_granted(connection, "SELECT pg_try_advisory_lock(%s)"):
        if not has_told:
            on_wait("Another process is migrating the database; waiting for it.")
            has_told = True
        time.sleep(RETRY_SECONDS)
    try:
        yield
    finally:
        # A broken connection has released its lock already.
        if connection.is_usable():
            is_granted(connection, "SELECT pg_advisory_unlock(%s)")


def is_granted(connection: BaseDatabaseWrapper, statement: str) -> bool:
    """Whether this statement about the lock succeeds."""
    with connection.cursor() as cursor:
        cursor.execute(statement, [LOCK])
        return bool(cursor.fetchone()[0])
