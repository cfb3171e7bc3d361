"""What the project itself does when something happens: a database is opened, somebody deletes their account."""

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
def close_it_to_others(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """SQLite makes its file when it is first opened, readable for everybody."""
    if connection.vendor == "sqlite":
        protect_database(Path(connection.settings_dict["NAME"]))


@receiver(account_deleting)
def forget_their_answers(person: User, **kwargs: Any) -> None:
    idempotency.replays_of(person).delete()
