"""Two writers on a SQLite database that DATABASE_URL names wait for each other."""

import threading
from contextlib import closing

import pytest
from django.db import OperationalError
from django.db.utils import ConnectionHandler

from eventflow import database
from eventflow.database import SQLITE

pytestmark = pytest.mark.once
DJANGOS_OWN = {"ENGINE": SQLITE, "OPTIONS": {}}


@pytest.fixture(autouse=True)
def databases_of_their_own(django_db_blocker):
    """None of them is the tests' own, which pytest-django guards."""
    with django_db_blocker.unblock():
        yield


class Writer:
    """One connection of its own to a table with one number in it."""

    def __init__(self, named):
        # A connection that another thread than its maker may close.
        self.connection = ConnectionHandler({"default": named})["default"]
        self.connection.inc_thread_sharing()

    def ask(self, words):
        with self.connection.cursor() as cursor:
            return cursor.execute(words).fetchone()

    def add_one(self, *, between=lambda: None):
        """Read, decide and write, as a reservation does."""
        with Atomic(self.connection):
            (seats,) = self.ask("SELECT seats FROM event")
            between()
            self.ask(f"UPDATE event SET seats = {seats + 1}")


class Atomic:
    """`transaction.atomic` on a connection that is not one of the project's."""

    def __init__(self, connection):
        self.connection = connection

    def __enter__(self):
        self.connection.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)

    def __exit__(self, kind, *rest):
        self.connection.rollback() if kind else self.connection.commit()
        self.connection.set_autocommit(True)


def seats_after_two_writers(named):
    """What the table says when one began to read before the other wrote."""
    first, second = Writer(named), Writer(named)
    with closing(first.connection), closing(second.connection):
        first.ask("CREATE TABLE event (seats INTEGER)")
        first.ask("INSERT INTO event VALUES (0)")
        other = threading.Thread(target=second.add_one)

        def meanwhile():
            other.start()
            # The one who may not write yet waits; the one who may is done long before.
            other.join(1)

        try:
            first.add_one(between=meanwhile)
        finally:
            other.join()
        return first.ask("SELECT seats FROM event")[0]


def test_two_writers_on_a_database_named_by_its_url_wait_for_each_other(tmp_path):
    named = database.from_url(f"sqlite:///{tmp_path}/db", relative_to=tmp_path)
    assert seats_after_two_writers(named) == 2


def test_two_writers_with_djangos_own_options_are_turned_away(tmp_path):
    """The twin: without our options the damage is there."""
    with pytest.raises(OperationalError, match="database is locked"):
        seats_after_two_writers(DJANGOS_OWN | {"NAME": str(tmp_path / "db")})


def test_database_named_by_its_url_keeps_every_acknowledged_change(tmp_path):
    writer = Writer(database.from_url(f"sqlite:///{tmp_path}/db", relative_to=tmp_path))
    with closing(writer.connection):
        assert writer.ask("PRAGMA journal_mode") == ("wal",)
        assert writer.ask("PRAGMA synchronous") == (2,)
        assert writer.ask("PRAGMA busy_timeout") == (20_000,)
