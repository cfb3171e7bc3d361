"""Backup of SQLite through its own interface; restore by renaming a file."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from django.db import connection

from eventflow.core.errors import Refused
from eventflow.operations.backup.archive import stamp, sync


class Sqlite:
    """The database file that the settings name."""

    member = "database.sqlite3"
    label = "SQLite"

    def __init__(self) -> None:
        self.path = Path(connection.settings_dict["NAME"])

    def copy(self, to: Path) -> None:
        """Copy everything committed. As a reader in WAL mode it waits for no writer."""
        if not self.path.is_file():
            raise Refused(
                "no_database",
                f"There is no database at {self.path}, so there is nothing to back up.",
            )
        # Read-write, because a reader of a WAL keeps its marks in a shared file; but never made
        # here.
        with (
            closing(
                sqlite3.connect(f"{self.path.as_uri()}?mode=rw", uri=True, timeout=20)
            ) as source,
            closing(sqlite3.connect(to)) as target,
        ):
            source.backup(target)
            # One file, that can be read where nothing can be written.
            target.execute("PRAGMA journal_mode=DELETE")
            check(target)
        sync(to)

    def exists(self) -> bool:
        return self.path.is_file()

    def load(self, source: Path) -> str:
        """Put the copy beside the database. Returns its path."""
        fresh = self.path.with_name(f"{self.path.name}.restoring-{stamp()}")
        fresh.touch(mode=0o600)
        shutil.copyfile(source, fresh)
        try:
            with closing(sqlite3.connect(fresh)) as copied:
                check(copied)
        except Refused:
            self.discard(str(fresh))
            raise
        return str(fresh)

    def check_unused(self) -> None:
        """Refused: in_use, while another process has it open: what it writes would be lost."""
        if self.exists():
            self.exclusive_connection().close()

    def exclusive_connection(self) -> sqlite3.Connection:
        """The only connection to the database, now one file. No other process can write."""
        held = sqlite3.connect(self.path, timeout=1, isolation_level=None)
        try:
            held.execute("PRAGMA journal_mode=DELETE")
            held.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            held.close()
            raise Refused(
                "in_use",
                f"Something still uses {self.path} ({error}). Stop EventFlow, web and worker, and "
                "try again.",
            ) from error
        return held

    def swap(self, fresh: str, *, keep: bool) -> str:
        """Put the copy in the database's place in one step. Returns where the old one is kept."""
        with closing(sqlite3.connect(fresh, isolation_level=None)) as copied:
            copied.execute("PRAGMA journal_mode=DELETE")
        sync(Path(fresh))
        kept = ""
        if self.exists():
            with closing(self.exclusive_connection()):
                if keep:
                    kept = f"{self.path}.before-{stamp()}"
                    os.link(self.path, kept)
                Path(fresh).replace(self.path)
        else:
            Path(fresh).rename(self.path)
        sync(self.path.parent)
        return kept

    def discard(self, fresh: str) -> None:
        for suffix in ("", "-wal", "-shm", "-journal"):
            Path(f"{fresh}{suffix}").unlink(missing_ok=True)


def check(database: sqlite3.Connection) -> None:
    """Refused: bad_backup, for a file that SQLite finds broken."""
    try:
        found = [row[0] for row in database.execute("PRAGMA integrity_check")]
        orphans = database.execute("PRAGMA foreign_key_check").fetchall()
    except sqlite3.DatabaseError as error:
        raise Refused("bad_backup", f"SQLite cannot read this copy: {error}.") from error
    if found != ["ok"] or orphans:
        raise Refused(
            "bad_backup",
            f"SQLite finds this copy broken: {'; '.join(found[:3])}; {len(orphans)} rows refer to "
            "nothing.",
        )
