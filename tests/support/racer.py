"""A race of real processes: `python -m tests.support.racer`, a plan as JSON on stdin, what came of it as JSON on stdout.

The plan: `event`, the id; `guard`, whether the lock is on; `processes`, for each a list of deeds `[verb, id, by]`. The answer has for each process
a list of "done", the code of a refusal, or the name of an error. Every process is forked with its own database connection
and starts when all the others are ready.
"""

import copy
import json
import multiprocessing
import sys
from multiprocessing.synchronize import Barrier
from typing import Any

import django

Deed = tuple[str, int, int]
# What the last deed of this process read of the event, outside of its transaction.
READ_EARLIER: dict[int, Any] = {}


def main() -> None:
    plan = json.load(sys.stdin)
    django.setup()
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(len(plan["processes"]))
    pipes, racers = [], []
    for deeds in plan["processes"]:
        ours, theirs = context.Pipe(duplex=False)
        racer = context.Process(target=race, args=(plan, deeds, barrier, theirs))
        racer.start()
        theirs.close()
        pipes.append(ours)
        racers.append(racer)
    json.dump([pipe.recv() for pipe in pipes], sys.stdout)
    for racer in racers:
        racer.join()


def race(plan: dict[str, Any], deeds: list[Deed], barrier: Barrier, pipe: Any) -> None:
    from django.db import connection

    connection.ensure_connection()
    if not plan["guard"]:
        switch_the_lock_off()
    barrier.wait(timeout=60)
    pipe.send([attempt(plan["event"], deed) for deed in deeds])
    connection.close()


def attempt(event_id: int, deed: Deed) -> str:
    from eventflow.core.errors import Refused

    try:
        do(event_id, *deed)
    except Refused as refusal:
        return refusal.code
    except Exception as error:  # noqa: BLE001  the race reports every error by name
        return f"{type(error).__name__}: {error}"
    return "done"


def do(event_id: int, verb: str, pk: int, by: int) -> None:
    """One deed, as a door would do it: fetch outside of the transaction, then call one service."""
    from accounts import deletion
    from accounts.models import User
    from events import services as event_services
    from events.models import Event
    from tickets.models import Reservation
    from tickets.queue import bulk_decisions, decisions, registration

    person, event = User.objects.get(pk=by), Event.objects.get(pk=event_id)
    READ_EARLIER[event_id] = event
    if verb == "reserve":
        registration.reserve(event, person=person)
    elif verb == "confirm_many":
        bulk_decisions.confirm_many(event, range(pk, pk + 10), by=person)
    elif verb == "confirm_next":
        bulk_decisions.confirm_next(event, pk, by=person)
    elif verb == "take_back_many":
        bulk_decisions.reject_many(event, range(pk, pk + 10), by=person, seen="confirmed")
    elif verb == "seats":
        event_services.edit(event, by=person, seats_limit=pk)
    elif verb == "leave":
        deletion.delete_account(person)
    elif verb == "cancel_event":
        event_services.cancel(event, by=person)
    else:
        getattr(registration if verb == "cancel" else decisions, verb)(
            Reservation.objects.get(pk=pk), by=person
        )


def switch_the_lock_off() -> None:
    """Trust what was read before the transaction, as code without the lock would."""
    from events import services as event_services

    event_services.lock = lambda event_id, among=None: copy.copy(READ_EARLIER[event_id])


if __name__ == "__main__":
    main()
