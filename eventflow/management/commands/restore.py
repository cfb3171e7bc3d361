"""`manage.py restore`: puts a backup in the database's place."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError
from psycopg import Error as PostgreSQLError

from eventflow.core.errors import Refused
from eventflow.operations import backup


class Command(BaseCommand):
    help = (
        "Put a backup in the database's place. It is migrated and checked beside it first; until "
        "then nothing changes."
    )
    requires_system_checks = []

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("file", type=Path, help="what `backup` made")
        parser.add_argument(
            "--replace",
            action="store_true",
            help="also when the database is not empty; what stood there is kept beside it",
        )
        parser.add_argument(
            "--accept-violations",
            action="store_true",
            help="also when `check_invariants` finds something wrong in the backup",
        )

    def handle(self, *, file: Path, replace: bool, accept_violations: bool, **options: Any) -> None:
        if not file.is_file():
            raise CommandError(f"There is no file {file}.")
        try:
            done = backup.restore(
                file.resolve(), replace=replace, accept_violations=accept_violations
            )
        except Refused as refusal:
            raise CommandError(refusal.message) from refusal
        except (DatabaseError, PostgreSQLError, OSError) as error:
            raise CommandError(f"Nothing was restored: {str(error).strip()}") from error
        for line in done.broken:
            self.stdout.write(line)
        self.stdout.write(
            f"Restored {file.name}; "
            + (
                f"{len(done.broken)} invariants are broken."
                if done.broken
                else "all invariants hold."
            )
        )
        if done.old_database:
            self.stdout.write(
                f"What was there before is kept as {done.old_database}; delete it when you no "
                "longer need it."
            )
        self.stdout.write(
            "Start web and worker again, so that none of them remembers what was before."
        )
