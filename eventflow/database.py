"""Django's settings for the database that DATABASE_URL names, or for a trial's SQLite file.

The options come from the engine, whichever way the database was named.
"""

import warnings
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from eventflow.core.private_files import FOLDER_MODE, protect_database, protect_folder

SQLITE, POSTGRESQL = "django.db.backends.sqlite3", "eventflow.core.postgresql"
DJANGO_POSTGRESQL = "django.db.backends.postgresql"


def sqlite(path: Path, options: dict[str, Any] | None = None) -> dict[str, Any]:
    """Django's settings for the SQLite database in this file."""
    return {
        "ENGINE": SQLITE,
        "NAME": str(path),
        "OPTIONS": {
            **(options or {}),
            # A transaction that may write takes the write lock first, so it never decides on
            # numbers that another one changes.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            # FULL: an acknowledged reservation survives a power cut, not only a crash.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        },
        "TEST": {"NAME": str(path.with_name("test.sqlite3"))},
    }


def postgresql(named: dict[str, Any]) -> dict[str, Any]:
    """The settings with EventFlow's backend and a short time to connect."""
    # While the database is away a request gets its 503 at once, not after minutes of the system.
    return {
        **named,
        "ENGINE": POSTGRESQL,
        "OPTIONS": {"connect_timeout": 2, **named.get("OPTIONS", {})},
    }


def from_url(url: str, *, relative_to: Path) -> dict[str, Any]:
    """The settings for what DATABASE_URL names. Refused: another engine, SQLite without a file."""
    try:
        with warnings.catch_warnings():
            # The warnings repeat the URL, with its password.
            warnings.simplefilter("ignore")
            named = environ.Env.db_url_config(url)
    except ValueError:
        named = {}
    engine, name = named.get("ENGINE", ""), str(named.get("NAME", ""))
    if engine == DJANGO_POSTGRESQL:
        return postgresql(named)
    if engine != SQLITE:
        raise ImproperlyConfigured(
            "DATABASE_URL is postgres://user:password@host:5432/name or sqlite:////path/to/file: "
            "EventFlow runs on no other database."
        )
    if not name or ":memory:" in name or name.startswith("file:"):
        raise ImproperlyConfigured(
            "DATABASE_URL names a SQLite database without a file, which web process and worker "
            "can't share: name one, as sqlite:////path/to/file."
        )
    return sqlite(relative_to / name, named.get("OPTIONS"))


def protect_files(database: dict[str, Any], *, data_dir: Path) -> None:
    """Close a SQLite database and the data folder to other users of the machine."""
    path = Path(database["NAME"])
    try:
        protect_folder(data_dir)
        path.parent.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
        protect_database(path)
    except OSError as error:
        raise ImproperlyConfigured(f"{path.parent} can't be used: {error.strerror}.") from error
