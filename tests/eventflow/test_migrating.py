"""Several processes that migrate one empty PostgreSQL database at the same time."""

import sys
import tempfile
import threading
import uuid

import environ
import psycopg
import pytest
from django.conf import settings
from django.db import connection

from eventflow.management.commands.migrate import LOCK, hold_migration_lock
from tests.support.forked import Process
from tests.support.processes import command, environment

pytestmark = pytest.mark.postgresql
PROCESSES = 4
# Django's own command, in place of ours.
UNGUARD = """
import django
django.setup()
from django.core.management import call_command
from django.core.management.commands.migrate import Command
call_command(Command(), "accounts", verbosity=0)
"""


@pytest.fixture
def empty_database(django_db_setup, django_db_blocker):
    """The address of a database with nothing in it."""
    name = f"empty_{uuid.uuid4().hex[:8]}"
    admin = psycopg.connect(settings.DATABASE_URL, autocommit=True)
    admin.execute(f"CREATE DATABASE {name}")
    yield environ.urlparse(settings.DATABASE_URL)._replace(path=f"/{name}").geturl()
    admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    admin.close()


def all_together(words, database):
    """How each of the processes ended, and what all of them said."""
    env = environment(
        DATABASE_URL=database, DJANGO_SETTINGS_MODULE="eventflow.settings", EMAIL_HOST="127.0.0.1"
    )
    with tempfile.TemporaryFile("a+") as said:
        files = {"stdout": said, "stderr": said}
        started = [
            Process(words, cwd=settings.BASE_DIR, env=env, **files) for _ in range(PROCESSES)
        ]
        codes = [process.wait(timeout=120) for process in started]
        said.seek(0)
        return codes, said.read()


def names_applied(database):
    with psycopg.connect(database) as there:
        return [
            f"{app}.{name}"
            for app, name in there.execute("SELECT app, name FROM django_migrations").fetchall()
        ]


@pytest.mark.process("several processes migrate")
def test_migrate_works_once_when_several_start_together(empty_database):
    """One app and what it needs: whole, the template of all tests is migrated.

    Those that waited find it done, so that once more afterwards does no harm.
    """
    codes, said = all_together(command("migrate", "accounts", "--verbosity=0"), empty_database)
    assert codes == [0] * PROCESSES, said
    assert said.count("Another process is migrating the database; waiting for it.") == PROCESSES - 1
    applied = names_applied(empty_database)
    assert len(applied) == len(set(applied))
    assert "accounts.0001_initial" in applied


@pytest.mark.process("several processes migrate")
def test_migrate_without_the_lock_breaks_when_several_start_together(empty_database):
    codes, said = all_together([sys.executable, "-c", UNGUARD], empty_database)
    assert any(codes), said


@pytest.mark.django_db
def test_lock_of_a_migration_that_was_killed_is_free():
    heard = threading.Event()
    ours = connection.settings_dict
    address = {
        "host": ours["HOST"],
        "port": ours["PORT"],
        "user": ours["USER"],
        "password": ours["PASSWORD"],
        "dbname": ours["NAME"],
    }
    holder = psycopg.connect(**address, autocommit=True)
    holder.execute("SELECT pg_advisory_lock(%s)", [LOCK])

    def end_holder():
        heard.wait(20)
        holder.close()

    killer = threading.Thread(target=end_holder)
    killer.start()
    with hold_migration_lock(connection, on_wait=lambda sentence: heard.set()):
        assert heard.is_set()
    killer.join()
    with psycopg.connect(**address) as other:
        assert other.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone() == (True,)
