"""Receivers of signals: a SQLite file is protected, the stored answers of a deleted account go."""

from pathlib import Path
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.dispatch import receiver

from accounts.models import User
from accounts.signals import account_deleting
from eventflow.api import idempotency
from eventflow.core.private_files import protect_database


@receiver(connection_created)
def protect_sqlite_file(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Protect the file that SQLite makes, readable for every user, when it is first opened."""
    if connection.vendor == "sqlite":
        protect_database(Path(connection.settings_dict["NAME"]))


@receiver(account_deleting)
def delete_replays(person: User, **kwargs: Any) -> None:
    idempotency.replays_of(person).delete()
