"""Runs a race of real processes: `python -m tests.support.racer`.

It reads a plan as JSON from stdin and writes the outcomes as JSON to stdout. The plan has `event`,
its id; `guard`, whether the event's lock is on; and `processes`, for each a list of actions
`[verb, id, id of the person who acts]`. The outcomes are, for each process, a list of "done", the
code of a refusal, or the name of an error. Every process is forked with a database connection of
its own and starts when all the others are ready.
"""

import copy
import gc
import json
import multiprocessing
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from typing import Any

import django

Action = tuple[str, int, int]
# {id: what this process last read of the event before it began a transaction}
EVENTS_READ_BEFORE: dict[int, Any] = {}


def main() -> None:
    plan = json.load(sys.stdin)
    django.setup()
    actions()  # imported once, not by each
    gc.freeze()  # and not copied for each
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(len(plan["processes"]))
    pipes, racers = [], []
    for share in plan["processes"]:
        ours, theirs = context.Pipe(duplex=False)
        racer = context.Process(target=race, args=(plan, share, barrier, theirs))
        racer.start()
        theirs.close()
        pipes.append(ours)
        racers.append(racer)
    json.dump([pipe.recv() for pipe in pipes], sys.stdout)
    for racer in racers:
        racer.join()


def race(plan: dict[str, Any], actions: list[Action], barrier: Barrier, pipe: Connection) -> None:
    """Do the actions in this process, once all processes are ready, and send their outcomes."""
    from django.db import connection

    connection.ensure_connection()
    if not plan["guard"]:
        switch_the_lock_off()
    barrier.wait(timeout=60)
    pipe.send([attempt(plan["event"], action) for action in actions])
    connection.close()


def attempt(event_id: int, action: Action) -> str:
    """Do one action. Returns "done", the code of a refusal, or the error."""
    from eventflow.core.errors import Refused

    try:
        perform(event_id, *action)
    except Refused as refusal:
        return refusal.code
    except Exception as error:  # noqa: BLE001  the race reports every error by name
        return f"{type(error).__name__}: {error}"
    return "done"


def perform(event_id: int, verb: str, pk: int, by: int) -> None:
    """Do one action as a view does: fetch outside of the transaction, then call one service."""
    from accounts.models import User
    from events.models import Event

    event = Event.objects.get(pk=event_id)
    EVENTS_READ_BEFORE[event_id] = event
    actions()[verb](event, pk, User.objects.get(pk=by))


def actions() -> dict[str, Callable[[Any, int, Any], Any]]:
    """Return {verb: the service's call}, which gets the event, the action's id and the person."""
    from accounts import deletion
    from events import services as event_services
    from tickets.models import Reservation
    from tickets.queue import bulk_decisions, decisions, registration

    def on_reservation(service: Callable[..., Any]) -> Callable[[Any, int, Any], Any]:
        return lambda event, pk, person: service(Reservation.objects.get(pk=pk), by=person)

    def reject_many_confirmed(event: Any, pk: int, person: Any) -> Any:
        ten = range(pk, pk + 10)
        return bulk_decisions.reject_many(event, ten, by=person, seen="confirmed")

    return {
        "reserve": lambda event, pk, person: registration.reserve(event.pk, person=person),
        "confirm": on_reservation(decisions.confirm),
        "reject": on_reservation(decisions.reject),
        "undo": on_reservation(decisions.undo),
        "cancel": on_reservation(registration.cancel),
        "confirm_many": lambda event, pk, person: bulk_decisions.confirm_many(
            event, range(pk, pk + 10), by=person
        ),
        "confirm_next": lambda event, number, person: bulk_decisions.confirm_next(
            event, number, by=person
        ),
        "reject_many_confirmed": reject_many_confirmed,
        "set_seats_limit": lambda event, limit, person: event_services.edit(
            event, by=person, seats_limit=limit
        ),
        "cancel_event": lambda event, pk, person: event_services.cancel(event, by=person),
        "delete_account": lambda event, pk, person: deletion.delete_account(person),
    }


def switch_the_lock_off() -> None:
    """Trust what was read before the transaction, as code without the lock would."""
    from events import services as event_services

    event_services.lock = lambda event_id, among=None: copy.copy(EVENTS_READ_BEFORE[event_id])


if __name__ == "__main__":
    main()
