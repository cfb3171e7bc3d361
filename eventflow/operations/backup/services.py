"""Make a backup; put one back."""

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

SECRET = "secret-key"  # noqa: S105  the name of its file


@dataclass(frozen=True)
class Restored:
    """What a restore did: where what stood there before is kept (empty: there was nothing), and what is wrong with what stands there now."""

    kept: str
    broken: list[str]


def make(folder: Path, *, keep: int | None = None) -> tuple[Path, list[Path]]:
    """Copy the database as it is now, beside any traffic, into one new file in `folder`. Returns it, and the older ones that went for it.

    `keep`: how many to leave in the folder, at least one; None: all. Refused: when the copy can't be made, or doesn't read back.
    """
    store = store_in_use()
    with archive.workspace(folder) as work:
        members = {store.member: work / store.member, **secret()}
        store.copy(work / store.member)
        made = archive.pack(
            members,
            {"made": archive.stamp(), "version": VERSION, "database": store.label},
            folder,
            work,
        )
    return made, archive.prune(folder, keep) if keep else []


def restore(file: Path, *, replace: bool = False, accept_violations: bool = False) -> Restored:
    """Put the backup in the database's place, after it was brought up to date and found sound beside it. Until then nothing changes.

    Refused: bad_backup, newer_backup, other_database; not_empty, unless `replace`; in_use (SQLite); broken_invariants, unless `accept_violations`.
    """
    store = store_in_use()
    with archive.workspace(settings.DATA_DIR) as work:
        contents = archive.unpack(file, work)
        if contents["database"] != store.label:
            words = f"{file} is a backup of {contents['database']}, and this installation runs on {store.label} (DATABASE_URL). Nothing was changed."
            raise Refused("other_database", words)
        store.check_unused()
        full = store.exists() and holds_anything()
        if full and not replace:
            raise Refused(
                "not_empty",
                "The database is not empty. --replace puts the backup in its place, and keeps the old one beside it.",
            )
        fresh = store.load(work / store.member)
        try:
            broken = bring_up_to_date(fresh)
            if broken and not accept_violations:
                words = f"What was backed up breaks {len(broken)} promises, listed above. Nothing was changed. --accept-violations restores it as it is."
                words = "\n".join([*broken, words])
                raise Refused("broken_invariants", words)
            kept = store.swap(fresh, keep=full)
        except BaseException:
            store.discard(fresh)
            raise
        if (work / SECRET).is_file():
            put_back_secret((work / SECRET).read_text())
    return Restored(kept, broken)


def store_in_use() -> Sqlite | PostgreSQL:
    return PostgreSQL() if connection.vendor == "postgresql" else Sqlite()


def holds_anything() -> bool:
    """Whether anybody, or any event, is in the database. What can't be read is not called empty."""
    try:
        tables = connection.introspection.table_names()
        return any(
            model._meta.db_table in tables and model._default_manager.exists()
            for model in (User, Event)
        )
    finally:
        connection.close()


def bring_up_to_date(fresh: str) -> list[str]:
    """Migrate this database as the installed version needs it. Returns the promises that it breaks."""
    with on(fresh):
        here = MigrationLoader(None).disk_migrations
        unknown = [
            f"{app}.{name}"
            for app, name in MigrationRecorder(connection).applied_migrations()
            if (app, name) not in here and is_ours(app)
        ]
        if unknown:
            words = f"The backup is of a newer EventFlow (it knows {unknown[0]}, {VERSION} does not). Install that one first. Nothing was changed."
            raise Refused("newer_backup", words)
        call_command("migrate", verbosity=0, interactive=False)
        return [str(violation) for violation in violations()]


def is_ours(app: str) -> bool:
    """Not of a package that was here once and is no longer."""
    return app in {"eventflow", "accounts", "events", "tickets"}


@contextmanager
def on(name: str) -> Iterator[None]:
    """Everything in the block works on another database of the same server, or another file."""
    usual: Any = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = usual


def secret() -> dict[str, Path]:
    """The secret that a trial made for itself: without it nobody stays signed in and no mailed link holds. One from the environment is kept there."""
    kept = settings.DATA_DIR / SECRET
    return {SECRET: kept} if kept.is_file() and kept.read_text() == settings.SECRET_KEY else {}


def put_back_secret(text: str) -> None:
    """Where the backup had one. The one that stood there is kept beside it."""
    kept = settings.DATA_DIR / SECRET
    if kept.is_file() and kept.read_text() == text:
        return
    if kept.is_file():
        os.link(kept, f"{kept}.before-{archive.stamp()}")
    new = kept.with_name(f"{SECRET}.{os.getpid()}")
    new.touch(mode=0o600)
    new.write_text(text)
    archive.sync(new)
    new.replace(kept)
    archive.sync(settings.DATA_DIR)
