"""`manage.py backup`: makes a backup beside any traffic."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError
from psycopg import Error as PostgreSQLError

from eventflow.core.errors import Refused
from eventflow.operations import backup


class Command(BaseCommand):
    help = (
        "Copy the database, whole and beside any traffic, into one file that `restore` brings "
        "back. Prints the file's path."
    )
    requires_system_checks = []

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument(
            "folder",
            nargs="?",
            type=Path,
            default=settings.DATA_DIR / "backups",
            help="where to (default: DATA_DIR/backups)",
        )
        parser.add_argument(
            "--keep",
            type=int,
            metavar="N",
            help="delete all but the newest N backups in this folder afterwards "
            "(default: keep all)",
        )

    def handle(self, *, folder: Path, keep: int | None, **options: Any) -> None:
        if keep is not None and keep < 1:
            raise CommandError(
                "--keep is how many backups to leave in the folder, this one among them: 1 or more."
            )
        try:
            made, deleted = backup.make(folder.resolve(), keep=keep)
        except Refused as refusal:
            raise CommandError(refusal.message) from refusal
        except (DatabaseError, PostgreSQLError, OSError) as error:
            raise CommandError(f"There is no backup: {str(error).strip()}") from error
        self.stdout.write(str(made))
        if deleted:
            self.stderr.write(f"Deleted {len(deleted)} older ones.")
