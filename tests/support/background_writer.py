"""Somebody who works without a pause and remembers what was acknowledged: `python -m tests.support.background_writer <seed>`, a process of its own.

Every change goes through the product's services, on the database that the environment names. A line of JSON is written before each change
(`"is": "asked"`) and another after its commit (`"is": "done"`, with the reservation as it must be from then on), so that whoever reads the lines
knows what may be lost and what may not. It ends when it is killed, or when its stdin is closed.
"""

import json
import os
import random
import select
import sys
from itertools import count
from typing import Any

import django


def main() -> None:
    django.setup()
    write(sys.argv[1])


def write(seed: str) -> None:
    """Work until stdin is closed, on an event of one's own, with people whose addresses no other seed gives away."""
    from tests.support import factories

    factories.number = count(random.Random(seed).getrandbits(60))
    # Without a password, whose hash takes longer than all the rest.
    (organizer,) = factories.make_people(1)
    event = factories.make_event(
        title=f"Written by {seed}", seats_limit=10_000, organizer=organizer
    )
    say({"is": "ready", "event": event.pk})
    Writer(event, random.Random(seed)).work()


def say(line: dict[str, Any]) -> None:
    os.write(1, json.dumps(line).encode() + b"\n")


class Writer:
    def __init__(self, event: Any, chance: random.Random) -> None:
        self.event, self.chance = event, chance
        self.mine: dict[int, str] = {}

    def work(self) -> None:
        while not select.select([0], [], [], 0)[0]:
            choices = [(pk, verb) for pk, status in self.mine.items() for verb in VERBS[status]]
            if choices and self.chance.random() < 0.6:
                self.change(*self.chance.choice(choices))
            else:
                self.reserve()

    def reserve(self) -> None:
        from tests.support.factories import make_people
        from tickets.queue import registration

        (person,) = make_people(1)
        say({"is": "asked", "person": person.pk, "verb": "reserve"})
        self.note(registration.reserve(self.event, person=person), "reserve")

    def change(self, pk: int, verb: str) -> None:
        from tickets.checkin import admission
        from tickets.models import Reservation
        from tickets.queue import decisions, registration

        reservation = Reservation.objects.get(pk=pk)
        say({"is": "asked", "reservation": pk, "verb": verb})
        if verb == "check_in":
            admission.check_in(reservation, by=self.event.organizer)
        else:
            getattr(registration if verb == "cancel" else decisions, verb)(
                reservation, by=reservation.person if verb == "cancel" else self.event.organizer
            )
        self.note(Reservation.objects.get(pk=pk), verb)

    def note(self, reservation: Any, verb: str) -> None:
        self.mine[reservation.pk] = "inside" if verb == "check_in" else reservation.status
        say(
            {
                "is": "done",
                "reservation": reservation.pk,
                "person": reservation.person_id,
                "verb": verb,
                "status": self.mine[reservation.pk],
            }
        )
        if len(self.mine) > 20:
            self.mine.pop(next(iter(self.mine)))


# How a reservation stands after each of them.
LEADS_TO = {
    "confirm": "confirmed",
    "reject": "rejected",
    "cancel": "cancelled",
    "undo": "pending",
    "check_in": "inside",
}
# What may be done to a reservation that stands so.
VERBS: dict[str, list[str]] = {
    "pending": ["confirm", "reject", "cancel"],
    "confirmed": ["check_in", "cancel", "undo"],
    "rejected": ["undo"],
    "cancelled": [],
    "inside": [],
}

if __name__ == "__main__":
    main()
