"""Django's `migrate`, of which only one works at a time, wherever it was started."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.commands import migrate
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

# Any number that nobody else uses: locks of this kind are told apart by it.
LOCK = 0x4576_656E_7446_6C6F
LOOK_EVERY_SECONDS = 0.2


class Command(migrate.Command):
    help = "Bring the database up to date. Started several times at once on PostgreSQL, one works and the others wait for it."

    def handle(self, *args: Any, **options: Any) -> None:
        with one_at_a_time(connections[options["database"]], wait_says=self.say):
            super().handle(*args, **options)

    def say(self, sentence: str) -> None:
        self.stderr.write(sentence)


@contextmanager
def one_at_a_time(
    connection: BaseDatabaseWrapper, *, wait_says: Any = lambda sentence: None
) -> Iterator[None]:
    """Hold PostgreSQL's lock for migrations on this database. SQLite belongs to one machine and needs none.

    The lock ends with its connection, so one who is killed frees it. It is tried again and again, not waited for: a transaction
    that waits has a snapshot, and CREATE INDEX CONCURRENTLY in the other process would wait for that.
    """
    if connection.vendor != "postgresql":
        yield
        return
    told = False
    while not asked(connection, "SELECT pg_try_advisory_lock(%s)"):
        if not told:
            wait_says("Another process is migrating the database; waiting for it.")
            told = True
        time.sleep(LOOK_EVERY_SECONDS)
    try:
        yield
    finally:
        # A connection that broke has given its lock back already.
        if connection.is_usable():
            asked(connection, "SELECT pg_advisory_unlock(%s)")


def asked(connection: BaseDatabaseWrapper, question: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(question, [LOCK])
        return bool(cursor.fetchone()[0])
