"""`manage.py prune`: deletes rows past their retention at once."""

from typing import Any

from django.core.management.base import BaseCommand

from eventflow.jobs.schedule import prune


class Command(BaseCommand):
    help = (
        "Delete what nobody needs any more: expired sessions and idempotent answers, old tasks and "
        "mails. The worker does so every hour."
    )

    def handle(self, **options: Any) -> None:
        for what, how_many in prune().items():
            self.stdout.write(f"{what}: {how_many}")
