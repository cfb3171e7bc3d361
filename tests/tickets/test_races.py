"""Eight processes want the last seats.

Each race has a twin with the lock switched off, which must see the damage.
"""

import json
import random
import sys

import pytest

from tests.support.factories import make_event, make_people, make_person
from tests.support.processes import run
from tickets.models import Reservation
from tickets.queue import registration
from tickets.queue.invariants import violations

pytestmark = [
    pytest.mark.both,
    pytest.mark.django_db(transaction=True),
    pytest.mark.process("real processes race"),
]
RACERS, SEATS, PEOPLE = 8, 20, 45


def race(event, processes, *, guard=True):
    """What came of every action of every process."""
    plan = json.dumps({"event": event.pk, "guard": guard, "processes": processes})
    racer = [sys.executable, "-m", "tests.support.racer"]
    # Who watches the counts is told through memory: each process would connect for each action.
    done = run(racer, input=plan, timeout=120, REDIS_URL="")
    assert done.returncode == 0, done.stderr
    return [outcome for outcomes in json.loads(done.stdout) for outcome in outcomes]


def deal(actions):
    """The actions in turn to every process."""
    return [actions[start::RACERS] for start in range(RACERS)]


def storm(*, guard):
    """An automatic event with SEATS left; PEOPLE reserve in two processes each."""
    event = make_event(seats_limit=SEATS + 10, admission="automatic")
    for person in make_people(10):
        registration.reserve(event.pk, person=person)
    people = make_people(PEOPLE)
    first = [["reserve", 0, person.pk] for person in people]
    second = [["reserve", 0, person.pk] for person in reversed(people)]
    return event, race(
        event, [a + b for a, b in zip(deal(first), deal(second), strict=True)], guard=guard
    )


def test_many_reservations_at_once_fill_exactly_the_last_seats():
    event, outcomes = storm(guard=True)
    assert {outcome: outcomes.count(outcome) for outcome in set(outcomes)} == {
        "done": PEOPLE,
        "already_registered": PEOPLE,
    }
    assert violations() == []
    in_order = list(event.reservations.in_queue_order().values_list("status", flat=True))
    assert in_order == ["confirmed"] * (10 + SEATS) + ["pending"] * (PEOPLE - SEATS)


def test_many_reservations_at_once_without_the_lock_oversell():
    event, _ = storm(guard=False)
    assert event.reservations.confirmed().count() > event.seats_limit
    assert {"never_oversold", "counters_match_recount"} <= {
        violation.rule for violation in violations()
    }


def approval(*, guard):
    """SEATS with approval and PEOPLE waiting; eight organizers approve them all from both ends."""
    event = make_event(seats_limit=SEATS)
    waiting = [registration.reserve(event.pk, person=person).pk for person in make_people(PEOPLE)]
    actions = [["confirm", pk, event.organizer_id] for pk in waiting + waiting[::-1]]
    return event, race(event, deal(actions), guard=guard)


@pytest.mark.once(on="postgresql")
def test_many_approvals_at_once_fill_exactly_the_last_seats():
    event, outcomes = approval(guard=True)
    assert outcomes.count("done") == SEATS
    assert set(outcomes) == {"done", "event_full", "already_decided"}
    assert violations() == []
    assert event.reservations.confirmed().count() == SEATS


@pytest.mark.once(on="postgresql")
def test_many_approvals_at_once_without_the_lock_oversell():
    event, _ = approval(guard=False)
    assert event.reservations.confirmed().count() > SEATS
    assert {"never_oversold", "counters_match_recount"} <= {
        violation.rule for violation in violations()
    }


def approval_of_the_next(*, guard):
    """SEATS with approval and PEOPLE waiting; eight organizers approve the next ten, twice each."""
    event = make_event(seats_limit=SEATS)
    for person in make_people(PEOPLE):
        registration.reserve(event.pk, person=person)
    return event, race(
        event, [[["confirm_next", 10, event.organizer_id]] * 2] * RACERS, guard=guard
    )


@pytest.mark.once(on="postgresql")
def test_approve_next_at_once_gives_the_last_seats_in_queue_order():
    event, outcomes = approval_of_the_next(guard=True)
    assert set(outcomes) == {"done"}
    assert violations() == []
    assert list(event.reservations.in_queue_order().values_list("status", flat=True)) == [
        "confirmed"
    ] * SEATS + ["pending"] * (PEOPLE - SEATS)


@pytest.mark.once(on="postgresql")
def test_approve_next_at_once_without_the_lock_collides():
    """Two take the same guests: the database refuses the second ticket, or counters are wrong."""
    _event, outcomes = approval_of_the_next(guard=False)
    assert violations() != [] or set(outcomes) != {"done"}


@pytest.mark.parametrize(
    "admission",
    ["approval", pytest.param("automatic", marks=pytest.mark.once(on="postgresql"))],
)
def test_all_services_at_once_leave_right_counts_and_no_deadlock(admission):
    event = make_event(seats_limit=SEATS, admission=admission)
    reservations = [
        registration.reserve(event.pk, person=person) for person in make_people(2 * SEATS)
    ]
    organizer = event.organizer_id
    actions = [["reserve", 0, person.pk] for person in make_people(20)]
    actions += [["cancel", r.pk, r.person_id] for r in reservations[::3]]
    for verb in ("confirm", "reject", "undo"):
        actions += [[verb, r.pk, organizer] for r in reservations[::2]]
    actions += [["confirm_many", r.pk, organizer] for r in reservations[::10]]
    actions += [["confirm_next", 3, organizer]] * 5
    actions += [["reject_many_confirmed", r.pk, organizer] for r in reservations[5::20]]
    actions += [["set_seats_limit", seats, organizer] for seats in range(SEATS - 10, SEATS + 10)]
    random.Random(admission).shuffle(actions)
    outcomes = race(event, deal(actions))
    assert set(outcomes) <= {
        "done",
        *(
            "already_decided",
            "already_gone",
            "event_full",
            "nothing_to_undo",
            "seats_limit_below_confirmed",
        ),
    }
    assert violations() == []


@pytest.mark.once(on="postgresql")
def test_event_cancellation_among_other_changes_leaves_nobody_active():
    event = make_event(seats_limit=SEATS, admission="automatic")
    reservations = [registration.reserve(event.pk, person=person) for person in make_people(SEATS)]
    actions = [["reserve", 0, person.pk] for person in make_people(SEATS)]
    actions += [["cancel", r.pk, r.person_id] for r in reservations[::2]]
    actions.insert(len(actions) // 2, ["cancel_event", 0, event.organizer_id])
    outcomes = race(event, deal(actions))
    # Whether anybody came too late is up to the machine; what became of those in time is not.
    assert set(outcomes) <= {"done", "event_not_open", "already_gone"}
    assert not event.reservations.active().exists()
    assert violations() == []


def test_person_who_reserves_in_many_processes_gets_one_reservation():
    event, person = make_event(admission="automatic"), make_person()
    outcomes = race(event, [[["reserve", 0, person.pk]]] * RACERS)
    assert sorted(outcomes) == ["already_registered"] * (RACERS - 1) + ["done"]
    assert Reservation.objects.get().is_confirmed
    assert violations() == []


@pytest.mark.postgresql  # SQLite has one writer, who waits for nobody
def test_cancellations_at_once_do_not_wait_for_each_other():
    events, people = (
        [make_event(seats_limit=10, admission="automatic") for _ in range(3)],
        make_people(24),
    )
    held = [registration.reserve(event.pk, person=person) for event in events for person in people]
    random.Random("leave").shuffle(held)
    # Each from two processes, while they also cancel one by one and others come.
    actions = [["delete_account", 0, person.pk] for person in people * 2] + [
        ["cancel", r.pk, r.person_id] for r in held[::2]
    ]
    actions += [["reserve", 0, person.pk] for person in make_people(20)]
    random.Random("leave").shuffle(actions)
    assert set(race(events[0], deal(actions))) == {"done", "already_gone"}
    assert not Reservation.objects.active().filter(person__in=people).exists()
    assert events[0].reservations.active().count() == 20
    assert violations() == []
