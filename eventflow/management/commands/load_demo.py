"""`manage.py load_demo`: fills an empty database with the demo."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from eventflow.core.errors import Refused
from eventflow.operations import demo


class Command(BaseCommand):
    help = "Fill an empty database with people and events to look at."

    def handle(self, **options: Any) -> None:
        try:
            demo.load()
        except Refused as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(demo.log_ins())
