"""PostgreSQL: by its own pg_dump and pg_restore, into a new database that takes the old one's name."""

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
# PostgreSQL cuts a longer name short.
LONGEST_NAME = 63


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
        # Not on a command line, where every user of the machine could read it.
        self.secret = (
            {"PGPASSWORD": str(password)} if (password := given.pop("password", "")) else {}
        )
        self.params = {key: value for key, value in given.items() if key != "client_encoding"}
        self.name = str(self.params["dbname"])

    def copy(self, to: Path) -> None:
        """One snapshot of everything committed now; nobody waits for it but a migration. Read back to its end."""
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
        """Here nothing is in the way: a name changes hands in one transaction, and everybody connects again."""

    def load(self, source: Path) -> str:
        """A new database with what the dump holds."""
        fresh = self.beside("restoring")
        try:
            with self.server() as server:
                server.execute(
                    sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(
                        sql.Identifier(fresh)
                    )
                )
        except psycopg.errors.InsufficientPrivilege as error:
            role = self.params.get("user", "that you use")
            words = f"A restore needs a database of its own, and the role {role} may not make one. As a superuser: ALTER ROLE {role} CREATEDB;"
            raise Refused("may_not_create_databases", words) from error
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
        """Give it the database's name in one transaction. Returns the name that the old one has now, if it is kept."""
        kept = self.beside("before") if self.exists() else ""
        with self.server() as server:
            if kept:
                # Nobody may come back between the farewell and the new name.
                server.execute(self.alter("ALLOW_CONNECTIONS false", self.name))
                server.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s AND pid != pg_backend_pid()",
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

    # What these share

    def beside(self, what: str) -> str:
        """A name for another database, telling whose it is and when it was made."""
        suffix = f"_{what}_{stamp().lower().replace('.', '_')}"
        return self.name[: LONGEST_NAME - len(suffix)] + suffix

    def alter(self, clause: str, name: str, *names: str) -> sql.Composed:
        return sql.SQL("ALTER DATABASE {} " + clause).format(*map(sql.Identifier, (name, *names)))

    def is_there(self, server: "psycopg.Connection[Any]", name: str) -> bool:
        return (
            server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
            is not None
        )

    @contextmanager
    def server(self) -> Iterator["psycopg.Connection[Any]"]:
        """A connection to the server that is not one to the database in question: that may be gone, or about to be renamed."""
        other = "postgres" if self.name != "postgres" else "template1"
        password = {"password": self.secret["PGPASSWORD"]} if self.secret else {}
        with psycopg.connect(
            **{**self.params, **password, "dbname": other}, autocommit=True
        ) as server:
            yield server

    def run(self, program: str, *words: str, database: str = "") -> None:
        """Run one of PostgreSQL's own programs, on this database. Refused: with what it says, when it fails."""
        where = (
            ["--no-password", "--dbname", make_conninfo(**{**self.params, "dbname": database})]
            if database
            else []
        )
        done = subprocess.run(  # noqa: S603  ours
            [found(program), *where, *words],
            env={**os.environ, **self.secret},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise Refused(
                "tool_failed",
                f"{program} failed: {done.stderr.strip() or f'exit code {done.returncode}'}",
            )


def found(program: str) -> str:
    """The newest of these programs here. Refused: tool_missing, with the package that has it."""
    folders = sorted(
        DEBIAN.glob("*/bin"), key=lambda folder: float(folder.parent.name), reverse=True
    )
    path = shutil.which(
        program, path=os.pathsep.join([*map(str, folders), os.environ.get("PATH", os.defpath)])
    )
    if path is None:
        raise Refused(
            "tool_missing",
            f"{program} is not installed here. On Debian and Ubuntu it is in the package postgresql-client.",
        )
    return path
