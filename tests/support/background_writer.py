"""Writes until it is stopped: `python -m tests.support.background_writer SEED`.

Every change goes through the product's services, on the database that the environment names. It
writes a line of JSON before each change (`"is": "asked"`) and another one after its commit
(`"is": "done"`, with the status that the reservation must have from then on), so that a test knows
which changes may be lost and which may not. It ends when it is killed, or when stdin is closed.
"""

import json
import os
import random
import select
import sys
from collections.abc import Callable
from itertools import count
from typing import Any

import django


def main() -> None:
    django.setup()
    write(sys.argv[1])


def write(seed: str) -> None:
    """Change reservations of a new event until stdin is closed; no other seed has its addresses."""
    from tests.support import factories

    factories.number = count(random.Random(seed).getrandbits(60))
    # Without a password, whose hash takes longer than all the rest.
    (organizer,) = factories.make_people(1)
    event = factories.make_event(
        title=f"Written by {seed}", seats_limit=10_000, organizer=organizer
    )
    report({"is": "ready", "event": event.pk})
    Writer(event, random.Random(seed)).work()


def report(line: dict[str, Any]) -> None:
    os.write(1, json.dumps(line).encode() + b"\n")


class Writer:
    """Reserves and changes reservations of one event at random."""

    def __init__(self, event: Any, chance: random.Random) -> None:
        self.event, self.chance = event, chance
        # {id of a reservation: its state}
        self.states: dict[int, str] = {}

    def work(self) -> None:
        while not select.select([0], [], [], 0)[0]:
            choices = [
                (pk, verb) for pk, state in self.states.items() for verb in VERBS_FROM[state]
            ]
            if choices and self.chance.random() < 0.6:
                self.change(*self.chance.choice(choices))
            else:
                self.reserve()

    def reserve(self) -> None:
        from tests.support.factories import make_people
        from tickets.queue import registration

        (person,) = make_people(1)
        report({"is": "asked", "person": person.pk, "verb": "reserve"})
        self.report_done(registration.reserve(self.event.pk, person=person), "reserve")

    def change(self, pk: int, verb: str) -> None:
        from tests.support.check_in import check_in
        from tickets.models import Reservation
        from tickets.queue import decisions, registration

        services: dict[str, Callable[..., Any]] = {
            "confirm": decisions.confirm,
            "reject": decisions.reject,
            "undo": decisions.undo,
            "cancel": registration.cancel,
            "check_in": check_in,
        }
        reservation = Reservation.objects.get(pk=pk)
        report({"is": "asked", "reservation": pk, "verb": verb})
        actor = reservation.person if verb == "cancel" else self.event.organizer
        services[verb](reservation, by=actor)
        self.report_done(Reservation.objects.get(pk=pk), verb)

    def report_done(self, reservation: Any, verb: str) -> None:
        self.states[reservation.pk] = "inside" if verb == "check_in" else reservation.status
        done = {
            "is": "done",
            "reservation": reservation.pk,
            "person": reservation.person_id,
            "verb": verb,
            "status": self.states[reservation.pk],
        }
        report(done)
        if len(self.states) > 20:
            self.states.pop(next(iter(self.states)))


# {verb: the state of a reservation after it}
STATE_AFTER = {
    "confirm": "confirmed",
    "reject": "rejected",
    "cancel": "cancelled",
    "undo": "pending",
    "check_in": "inside",
}
# {state of a reservation: the verbs that are allowed then}
VERBS_FROM: dict[str, list[str]] = {
    "pending": ["confirm", "reject", "cancel"],
    "confirmed": ["check_in", "cancel", "undo"],
    "rejected": ["undo"],
    "cancelled": [],
    "inside": [],
}

if __name__ == "__main__":
    main()
