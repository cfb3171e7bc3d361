"""Makes a backup and restores one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from accounts.models import User
from eventflow.core.errors import Refused
from eventflow.observability.health import VERSION
from eventflow.operations.backup import archive
from eventflow.operations.backup.postgresql import PostgreSQL
from eventflow.operations.backup.sqlite import Sqlite
from events.models import Event
from tickets.queue.invariants import violations

SECRET_FILE = "secret-key"  # noqa: S105  a file's name


@dataclass(frozen=True)
class Restored:
    """The result of a restore.

    `old_database` is where the old one is kept (empty: there was none); `broken` are the violations
    of invariants in the new one.
    """

    old_database: str
    broken: list[str]


def make(folder: Path, *, keep: int | None = None) -> tuple[Path, list[Path]]:
    """Copy the database, beside any traffic, into a new file in `folder`.

    `keep` is how many backups stay in the folder, at least one; None: all. Returns the file and the
    deleted ones. Refused: if the copy can't be made, or not be read back.
    """
    store = current_store()
    with archive.workspace(folder) as work:
        members = {store.member: work / store.member, **local_secret()}
        store.copy(work / store.member)
        made = archive.pack(
            members,
            {"made": archive.stamp(), "version": VERSION, "database": store.label},
            folder,
            work,
        )
    return made, archive.prune(folder, keep) if keep else []


def restore(file: Path, *, replace: bool = False, accept_violations: bool = False) -> Restored:
    """Put the backup in the database's place.

    It is migrated and checked beside the database first; until then nothing changes. Refused:
    bad_backup, newer_backup, other_database; not_empty, unless `replace`; in_use (SQLite);
    broken_invariants, unless `accept_violations`.
    """
    store = current_store()
    with archive.workspace(settings.DATA_DIR) as work:
        contents = archive.unpack(file, work)
        if contents["database"] != store.label:
            raise Refused(
                "other_database",
                f"{file} is a backup of {contents['database']}, and this installation runs on "
                f"{store.label} (DATABASE_URL). Nothing was changed.",
            )
        store.check_unused()
        full = store.exists() and is_in_use()
        if full and not replace:
            raise Refused(
                "not_empty",
                "The database is not empty. --replace puts the backup in its place, and keeps the "
                "old one beside it.",
            )
        fresh = store.load(work / store.member)
        try:
            broken = bring_up_to_date(fresh)
            if broken and not accept_violations:
                message = (
                    f"What was backed up breaks {len(broken)} promises, listed above. Nothing was "
                    "changed. --accept-violations restores it as it is."
                )
                raise Refused("broken_invariants", "\n".join([*broken, message]))
            old_database = store.swap(fresh, keep=full)
        except BaseException:
            store.discard(fresh)
            raise
        if (work / SECRET_FILE).is_file():
            restore_secret((work / SECRET_FILE).read_text())
    return Restored(old_database, broken)


def current_store() -> Sqlite | PostgreSQL:
    return PostgreSQL() if connection.vendor == "postgresql" else Sqlite()


def is_in_use() -> bool:
    """Whether the database has a person or an event. One that can't be read is not called empty."""
    try:
        tables = connection.introspection.table_names()
        return any(
            model._meta.db_table in tables and model._default_manager.exists()
            for model in (User, Event)
        )
    finally:
        connection.close()


def bring_up_to_date(fresh: str) -> list[str]:
    """Migrate this database to the installed version. Returns the invariants that it violates.

    Refused: newer_backup.
    """
    with connected_to(fresh):
        here = MigrationLoader(None).disk_migrations
        unknown = [
            f"{app}.{name}"
            for app, name in MigrationRecorder(connection).applied_migrations()
            if (app, name) not in here and is_ours(app)
        ]
        if unknown:
            raise Refused(
                "newer_backup",
                f"The backup is of a newer EventFlow (it knows {unknown[0]}, {VERSION} does not). "
                "Install that one first. Nothing was changed.",
            )
        call_command("migrate", verbosity=0, interactive=False)
        return [str(violation) for violation in violations()]


def is_ours(app: str) -> bool:
    """Whether this app is one of EventFlow's, and not of a package that it once used."""
    return app in {"eventflow", "accounts", "events", "tickets"}


@contextmanager
def connected_to(name: str) -> Iterator[None]:
    """Within the block Django connects to another database of the server, or another file."""
    usual: Any = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = usual


def local_secret() -> dict[str, Path]:
    """The secret key that a trial made, by its name in the backup; none if the environment has one.

    Without it every session ends and no mailed link is valid.
    """
    file = settings.DATA_DIR / SECRET_FILE
    return {SECRET_FILE: file} if file.is_file() and file.read_text() == settings.SECRET_KEY else {}


def restore_secret(text: str) -> None:
    """Restore the secret key of the backup. The present one is kept beside it."""
    present = settings.DATA_DIR / SECRET_FILE
    if present.is_file() and present.read_text() == text:
        return
    if present.is_file():
        os.link(present, f"{present}.before-{archive.stamp()}")
    new = present.with_name(f"{SECRET_FILE}.{os.getpid()}")
    new.touch(mode=0o600)
    new.write_text(text)
    archive.sync(new)
    new.replace(present)
    archive.sync(settings.DATA_DIR)
