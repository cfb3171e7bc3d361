"""Backup of PostgreSQL by pg_dump; restore into a new database that takes the old one's name."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from django.db import connection
from psycopg import sql
from psycopg.conninfo import make_conninfo

from eventflow.core.errors import Refused
from eventflow.operations.backup.archive import stamp, sync

# Where Debian keeps each version's own programs; the newest can talk to every older server.
DEBIAN = Path("/usr/lib/postgresql")
# PostgreSQL cuts longer names.
MAX_NAME_LENGTH = 63


class PostgreSQL:
    """The database that the settings name, on a server where another can be made beside it."""

    member = "database.dump"
    label = "PostgreSQL"

    def __init__(self) -> None:
        known = {option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults()}
        given: dict[str, Any] = {
            key: value
            for key, value in connection.get_connection_params().items()
            if key in known and value is not None
        }
        # Not on a command line, which every user of the machine can read.
        self.secret = (
            {"PGPASSWORD": str(password)} if (password := given.pop("password", "")) else {}
        )
        self.params = {key: value for key, value in given.items() if key != "client_encoding"}
        self.name = str(self.params["dbname"])

    def copy(self, to: Path) -> None:
        """Dump a snapshot of everything committed, and read it back. Only migrations wait."""
        self.run(
            "pg_dump",
            "--format=custom",
            "--no-owner",
            "--no-privileges",
            "--lock-wait-timeout=30s",
            "--file",
            str(to),
            database=self.name,
        )
        self.run("pg_restore", "--list", str(to))
        self.run("pg_restore", "--file", os.devnull, str(to))
        sync(to)

    def exists(self) -> bool:
        with self.server() as server:
            return (
                server.execute(
                    "SELECT 1 FROM pg_database WHERE datname = %s", [self.name]
                ).fetchone()
                is not None
            )

    def check_unused(self) -> None:
        """Nothing to check: the name changes in one transaction, and processes connect again."""

    def load(self, source: Path) -> str:
        """Restore the dump into a new database beside the old one. Returns its name.

        Refused: may_not_create_databases, tool_failed, tool_missing.
        """
        fresh = self.name_beside("restoring")
        try:
            with self.server() as server:
                server.execute(
                    sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(
                        sql.Identifier(fresh)
                    )
                )
        except psycopg.errors.InsufficientPrivilege as error:
            role = self.params.get("user", "that you use")
            message = (
                f"A restore needs a database of its own, and the role {role} may not make one. As "
                f"a superuser: ALTER ROLE {role} CREATEDB;"
            )
            raise Refused("may_not_create_databases", message) from error
        try:
            self.run(
                "pg_restore",
                "--no-owner",
                "--no-privileges",
                "--exit-on-error",
                "--single-transaction",
                str(source),
                database=fresh,
            )
        except Refused:
            self.discard(fresh)
            raise
        return fresh

    def swap(self, fresh: str, *, keep: bool) -> str:
        """Give the new database the old one's name in one transaction.

        Returns the new name of the old one; empty if it is not kept.
        """
        kept = self.name_beside("before") if self.exists() else ""
        with self.server() as server:
            if kept:
                # No process may connect again before the names have changed.
                server.execute(self.alter("ALLOW_CONNECTIONS false", self.name))
                server.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = "
                    "%s AND pid != pg_backend_pid()",
                    [self.name],
                )
            try:
                with server.transaction():
                    if kept:
                        server.execute(self.alter("RENAME TO {}", self.name, kept))
                    server.execute(self.alter("RENAME TO {}", fresh, self.name))
            finally:
                if kept:
                    server.execute(
                        self.alter(
                            "ALLOW_CONNECTIONS true",
                            kept if self.is_there(server, kept) else self.name,
                        )
                    )
            if kept and not keep:
                server.execute(
                    sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(kept))
                )
        return kept if keep else ""

    def discard(self, fresh: str) -> None:
        with self.server() as server:
            server.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(fresh))
            )

    # --- Shared by the methods above ---

    def name_beside(self, what: str) -> str:
        """A name for another database, with that of this one and the present moment."""
        suffix = f"_{what}_{stamp().lower().replace('.', '_')}"
        return self.name[: MAX_NAME_LENGTH - len(suffix)] + suffix

    def alter(self, clause: str, name: str, *names: str) -> sql.Composed:
        return sql.SQL("ALTER DATABASE {} " + clause).format(*map(sql.Identifier, (name, *names)))

    def is_there(self, server: "psycopg.Connection[Any]", name: str) -> bool:
        return (
            server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
            is not None
        )

    @contextmanager
    def server(self) -> Iterator["psycopg.Connection[Any]"]:
        """A connection to another database of the server: this one may be missing or renamed."""
        other = "postgres" if self.name != "postgres" else "template1"
        password = {"password": self.secret["PGPASSWORD"]} if self.secret else {}
        with psycopg.connect(
            **{**self.params, **password, "dbname": other}, autocommit=True
        ) as server:
            yield server

    def run(self, program: str, *words: str, database: str = "") -> None:
        """Run one of PostgreSQL's programs, on this database. Refused: tool_failed."""
        where = (
            ["--no-password", "--dbname", make_conninfo(**{**self.params, "dbname": database})]
            if database
            else []
        )
        done = subprocess.run(  # noqa: S603  the arguments are ours
            [newest(program), *where, *words],
            env={**os.environ, **self.secret},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise Refused(
                "tool_failed",
                f"{program} failed: {done.stderr.strip() or f'exit code {done.returncode}'}",
            )


def newest(program: str) -> str:
    """The path of the newest version of a program. Refused: tool_missing, with its package."""
    folders = sorted(
        DEBIAN.glob("*/bin"), key=lambda folder: float(folder.parent.name), reverse=True
    )
    path = shutil.which(
        program, path=os.pathsep.join([*map(str, folders), os.environ.get("PATH", os.defpath)])
    )
    if path is None:
        raise Refused(
            "tool_missing",
            f"{program} is not installed here. On Debian and Ubuntu it is in the package "
            "postgresql-client.",
        )
    return path
