"""The queue against a small model over random histories: the same refusals, counts and places."""

import os
from dataclasses import dataclass
from itertools import count

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from eventflow.core.errors import Refused
from events import services as event_services
from events.models import Event
from tests.support.check_in import check_in
from tests.support.factories import make_event, make_people
from tickets.models import Reservation, Ticket
from tickets.queue import decisions, reads, registration

pytestmark = pytest.mark.both

PEOPLE = 5
# How many histories; LONG=1 tries more.
HISTORIES = 80 if os.environ.get("LONG") else 25


@dataclass
class Entry:
    """One reservation as the model sees it. `number` is its place in the order of arrival."""

    number: int
    person: int
    status: str = "pending"
    decided: bool = False
    inside: bool = False
    # What it was when the event was cancelled.
    at_cancellation: str = ""


class Model:
    """What the product promises, in the plainest words: lists and loops, no database."""

    def __init__(self, limit: int, automatic: bool) -> None:
        self.limit, self.automatic, self.open = limit, automatic, True
        self.entries: list[Entry] = []
        self.numbers = count()

    def having(self, status: str) -> list[Entry]:
        return [entry for entry in self.entries if entry.status == status]

    def full(self) -> bool:
        return len(self.having("confirmed")) >= self.limit

    def move_up(self) -> None:
        while self.open and self.automatic and not self.full() and self.having("pending"):
            head = self.having("pending")[0]
            head.status, head.decided = "confirmed", False

    def reserve(self, person: int) -> str | None:
        mine = {entry.status for entry in self.entries if entry.person == person}
        if not self.open:
            return "event_not_open"
        if mine & {"pending", "confirmed"}:
            return "already_registered"
        if "rejected" in mine:
            return "reservation_rejected"
        self.entries.append(Entry(next(self.numbers), person))
        self.move_up()
        return None

    def confirm(self, entry: Entry) -> str | None:
        if not self.open:
            return "event_not_open"
        if entry.status != "pending":
            return "already_decided"
        if self.full():
            return "event_full"
        entry.status, entry.decided = "confirmed", True
        return None

    def reject(self, entry: Entry) -> str | None:
        if entry.status != "confirmed" and not self.open:
            return "event_not_open"
        if entry.status not in {"pending", "confirmed"}:
            return "already_decided"
        if entry.inside:
            return "already_checked_in"
        entry.status, entry.decided = "rejected", True
        self.move_up()
        return None

    def undo(self, entry: Entry) -> str | None:
        if entry.status not in {"confirmed", "rejected"} or not entry.decided:
            return "nothing_to_undo"
        if not self.open:
            return "event_not_open"
        if entry.inside:
            return "already_checked_in"
        entry.status, entry.decided = "pending", False
        self.move_up()
        return None

    def cancel(self, entry: Entry) -> str | None:
        if entry.status not in {"pending", "confirmed"}:
            return "already_gone"
        if entry.inside:
            return "already_checked_in"
        entry.status, entry.decided = "cancelled", False
        self.move_up()
        return None

    def edit(self, limit: int) -> str | None:
        if not self.open:
            return "event_cancelled"
        if limit < len(self.having("confirmed")):
            return "seats_limit_below_confirmed"
        self.limit = limit
        self.move_up()
        return None

    def call_off(self) -> None:
        for entry in self.entries if self.open else []:
            if entry.status in {"pending", "confirmed"}:
                entry.at_cancellation = entry.status
                entry.status, entry.decided, entry.inside = "rejected", True, False
        self.open = False

    def let_in(self, entry: Entry) -> str | bool:
        """True: the first time. False: already inside. A code: refused."""
        if not self.open:
            return "event_cancelled"
        if entry.status != "confirmed":
            return "not_confirmed"
        first, entry.inside = not entry.inside, True
        return first


class QueueMachine(RuleBasedStateMachine):
    reservations = Bundle("reservations")

    @initialize(limit=st.integers(1, 4), automatic=st.booleans())
    def begin(self, limit: int, automatic: bool) -> None:
        admission = Event.Admission.AUTOMATIC if automatic else Event.Admission.APPROVAL
        self.people = make_people(PEOPLE)
        self.event = make_event(seats_limit=limit, admission=admission)
        self.model = Model(limit, automatic)
        self.real: dict[int, Reservation] = {}

    @rule(target=reservations, person=st.integers(0, PEOPLE - 1))
    def reserve(self, person: int) -> Entry | None:
        expected = self.model.reserve(person)
        reservation = self.same(
            expected, registration.reserve, self.event.pk, person=self.people[person]
        )
        if reservation is None:
            return None
        entry = self.model.entries[-1]
        self.real[entry.number] = reservation
        return entry

    @rule(entry=reservations)
    def confirm(self, entry: Entry | None) -> None:
        self.decide(entry, self.model.confirm, decisions.confirm)

    @rule(entry=reservations)
    def reject(self, entry: Entry | None) -> None:
        self.decide(entry, self.model.reject, decisions.reject)

    @rule(entry=reservations)
    def undo(self, entry: Entry | None) -> None:
        self.decide(entry, self.model.undo, decisions.undo)

    @rule(entry=reservations)
    def cancel(self, entry: Entry | None) -> None:
        self.decide(entry, self.model.cancel, registration.cancel)

    @rule(limit=st.integers(1, 5))
    def edit(self, limit: int) -> None:
        self.same(
            self.model.edit(limit),
            event_services.edit,
            self.event,
            by=self.event.organizer,
            seats_limit=limit,
        )

    @rule(entry=reservations)
    def let_in(self, entry: Entry | None) -> None:
        if entry is None:
            return
        expected = self.model.let_in(entry)
        refusal = expected if isinstance(expected, str) else None
        answer = self.same(refusal, check_in, self.real[entry.number], by=self.event.organizer)
        assert answer is None or answer.is_admitted == expected

    @rule(sure=st.integers(0, 5))
    def call_off(self, sure: int) -> None:
        if sure:  # rarely: nothing much happens afterwards
            return
        self.model.call_off()
        event_services.cancel(self.event, by=self.event.organizer)

    def decide(self, entry, expect, service) -> None:
        if entry is not None:
            self.same(expect(entry), service, self.real[entry.number], by=self.event.organizer)

    def same(self, expected, service, *args, **kwargs):
        """The service refuses with just this code, or does it."""
        if expected is None:
            return service(*args, **kwargs)
        with pytest.raises(Refused) as caught:
            service(*args, **kwargs)
        assert caught.value.code == expected
        return None

    @invariant()
    def same_state(self) -> None:
        if not hasattr(self, "model"):
            return
        event = Event.objects.get(pk=self.event.pk)
        confirmed, pending = self.model.having("confirmed"), self.model.having("pending")
        inside = [entry for entry in confirmed if entry.inside]
        assert (event.confirmed_count, event.pending_count, event.checked_in_count) == (
            len(confirmed),
            len(pending),
            len(inside),
        )
        assert event.confirmed_count <= event.seats_limit == self.model.limit
        stored = {reservation.pk: reservation for reservation in event.reservations.all()}
        assert {self.real[entry.number].pk: entry.status for entry in self.model.entries} == {
            pk: r.status for pk, r in stored.items()
        }
        expected = {
            self.real[entry.number].pk: entry.at_cancellation for entry in self.model.entries
        }
        assert expected == {pk: one.status_at_cancellation for pk, one in stored.items()}
        places = [reads.position(stored[self.real[entry.number].pk]) for entry in pending]
        assert places == list(range(1, len(pending) + 1))
        holders = (
            Ticket.objects.valid().filter(event=event).values_list("reservation_id", flat=True)
        )
        assert sorted(holders) == sorted(self.real[entry.number].pk for entry in confirmed)


@pytest.mark.django_db
def test_queue_agrees_with_its_model_over_random_histories():
    run_state_machine_as_test(
        QueueMachine,
        settings=settings(
            max_examples=HISTORIES,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
