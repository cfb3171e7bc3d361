"""The database that the settings name. What it is told comes from its engine, not from how it was named."""

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
            # A transaction that may write takes the write lock first, so nobody decides on
            # numbers that change under them.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            # FULL: an acknowledged booking survives a power cut, not only a crash of the process.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        },
        "TEST": {"NAME": str(path.with_name("test.sqlite3"))},
    }


def postgresql(named: dict[str, Any]) -> dict[str, Any]:
    # A database that is away is answered with 503 at once, not after the operating system's minutes.
    return {
        **named,
        "ENGINE": POSTGRESQL,
        "OPTIONS": {"connect_timeout": 2, **named.get("OPTIONS", {})},
    }


def from_url(url: str, *, relative_to: Path) -> dict[str, Any]:
    """Django's settings for what DATABASE_URL names. Refused: another engine, or no file of its own."""
    try:
        with warnings.catch_warnings():
            # They repeat the URL, with its password.
            warnings.simplefilter("ignore")
            named = environ.Env.db_url_config(url)
    except ValueError:
        named = {}
    engine, name = named.get("ENGINE", ""), str(named.get("NAME", ""))
    if engine == DJANGO_POSTGRESQL:
        return postgresql(named)
    if engine != SQLITE:
        raise ImproperlyConfigured(
            "DATABASE_URL is postgres://user:password@host:5432/name or sqlite:////path/to/file: EventFlow runs on no other database."
        )
    if not name or ":memory:" in name or name.startswith("file:"):
        raise ImproperlyConfigured(
            "DATABASE_URL names a SQLite database without a file, which web process and worker can't share: name one, as sqlite:////path/to/file."
        )
    return sqlite(relative_to / name, named.get("OPTIONS"))


def keep_private(database: dict[str, Any], *, data_dir: Path) -> None:
    """Close a SQLite database, and the folder of our own data, to other users of the machine."""
    path = Path(database["NAME"])
    try:
        protect_folder(data_dir)
        path.parent.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
        protect_database(path)
    except OSError as error:
        raise ImproperlyConfigured(f"{path.parent} can't be used: {error.strerror}.") from error
