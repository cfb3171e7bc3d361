"""A migrated, empty database that each of pytest's workers copies, instead of migrating its own.

Ninety migrations take several CPU seconds; a copy takes a tenth of one. On PostgreSQL the template
is a database of the server under test, on SQLite a file in pytest's cache. It is named after the
text of all migrations and the versions of the libraries, so that it is never out of date. Django
still runs `migrate` on the copy and finds nothing to do.
"""

import fcntl
import hashlib
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import connection

from tests.support import processes
from tests.support.process_guard import guard


def fingerprint() -> str:
    """A hash of everything that a migrated database depends on."""
    files = (
        file
        for app in apps.get_app_configs()
        for file in (Path(app.path) / "migrations").glob("*.py")
    )
    seen = hashlib.sha256()
    for file in sorted((*files, settings.BASE_DIR / "requirements.txt")):
        seen.update(file.read_bytes())
    return seen.hexdigest()[:16]


@contextmanager
def hold_template_lock(folder: Path):
    """Hold back the other workers while one makes the template."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def migrate(name: str) -> None:
    """Run `manage.py migrate` on this database of the server under test, or this file."""
    environment = processes.environment(TEST_DATABASE=name)
    command = processes.command("migrate", "--verbosity=0")
    with guard.allow_processes():
        subprocess.run(command, cwd=settings.BASE_DIR, env=environment, check=True)


def sqlite_file(folder: Path) -> Path:
    """The template's file, made if there is none."""
    file = folder / f"migrated-{fingerprint()}.sqlite3"
    with hold_template_lock(folder):
        if not file.exists():
            unfinished = file.with_suffix(".unfinished")
            unfinished.unlink(missing_ok=True)
            migrate(str(unfinished))
            unfinished.rename(file)
    return file


def postgresql_name(folder: Path) -> str:
    """The template's name on the server under test, made if there is none."""
    name = f"migrated_{fingerprint()}"
    with hold_template_lock(folder), connection._nodb_cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if not cursor.fetchone():
            cursor.execute(f'CREATE DATABASE "{name}_unfinished"')
            migrate(f"{name}_unfinished")
            cursor.execute(f'ALTER DATABASE "{name}_unfinished" RENAME TO "{name}"')
    return name


def use(folder: Path) -> bool:
    """Let the test database of this process begin as a copy. Returns whether it exists already."""
    test = connection.settings_dict["TEST"]
    if connection.vendor == "postgresql":
        test["TEMPLATE"] = postgresql_name(folder)
        return False
    Path(test["NAME"]).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(sqlite_file(folder), test["NAME"])
    return True
