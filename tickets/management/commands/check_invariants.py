"""Prove on the whole database what EventFlow promises; ends with 1 and says where a promise is broken."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from events.models import Event
from tickets.models import Reservation
from tickets.queue import invariants


class Command(BaseCommand):
    help = "Check that no event is oversold, that counters, queues and tickets agree, and that nobody was overtaken."

    def handle(self, **options: Any) -> None:
        found = invariants.violations()
        for violation in found:
            self.stdout.write(str(violation))
        if found:
            raise CommandError(f"{len(found)} broken invariants.")
        self.stdout.write(
            f"All invariants hold ({Event.objects.count()} events, {Reservation.objects.count()} reservations)."
        )
