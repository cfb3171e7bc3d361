"""Check the invariants over the whole database. Exits with 1 and names each broken one."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from events.models import Event
from tickets.models import Reservation
from tickets.queue import invariants


class Command(BaseCommand):
    help = (
        "Check that no event is oversold, that counters, queues and tickets agree, and that nobody "
        "was overtaken."
    )

    def handle(self, **options: Any) -> None:
        found = invariants.violations()
        for violation in found:
            self.stdout.write(str(violation))
        if found:
            raise CommandError(f"{len(found)} broken invariants.")
        events, reservations = Event.objects.count(), Reservation.objects.count()
        self.stdout.write(f"All invariants hold ({events} events, {reservations} reservations).")
