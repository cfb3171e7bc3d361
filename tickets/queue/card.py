"""Where a person stands with an event, for the reserve card: one state, decided in one place."""

import uuid
from dataclasses import dataclass

from eventflow.core.errors import Refused
from events.models import Event
from events.permissions import Visitor
from tickets.models import Reservation
from tickets.queue import reads


@dataclass(frozen=True)
class Card:
    """What the card shows. `state` is one of draft, cancelled, over, confirmed, pending, queued, rejected, started, signed-out, sold-out, open."""

    event: Event
    reservation: Reservation | None
    state: str
    # The place in the queue; None for those who don't wait.
    position: int | None = None
    refusal: Refused | None = None

    @property
    def stamp(self) -> str:
        """What the card said, so that a browser that asks again hears only what is new."""
        return f"{self.state}-{self.position or 0}"

    @property
    def key(self) -> str:
        """A new one for each form that is drawn, so that a form sent twice reserves once."""
        return str(uuid.uuid4())

    @property
    def ahead(self) -> int:
        return (self.position or 1) - 1

    @property
    def shows_capacity(self) -> bool:
        """Whether the card shows the event's bar and its numbers: to those who could reserve."""
        return self.state in {"open", "signed-out", "sold-out", "draft"}

    @property
    def is_waiting(self) -> bool:
        """Whether the person stands in the queue."""
        return self.state in {"pending", "queued"}

    @property
    def can_leave(self) -> bool:
        """Whether there is a seat or a place to give back."""
        return self.state in {"confirmed", "pending", "queued"}


def card_of(event: Event, person: Visitor, refusal: Refused | None = None) -> Card:
    """The card that this person sees at this event. `refusal`: why what they just tried did not work."""
    reservation = reads.latest(event, person) if person.is_authenticated else None
    state = state_of(event, reservation, signed_in=person.is_authenticated)
    place = reads.position(reservation) if reservation and state in {"pending", "queued"} else None
    return Card(event, reservation, state, place, refusal)


def state_of(event: Event, reservation: Reservation | None, *, signed_in: bool) -> str:
    """The first that holds: what ended the event, then what the person has, then what they could get."""
    if event.is_draft or event.is_cancelled:
        return event.status
    if event.is_past:
        return "over"
    if reservation and not reservation.is_cancelled:
        return "queued" if reservation.is_pending and event.is_full else reservation.status
    if event.has_started:
        return "started"
    if not signed_in:
        return "signed-out"
    return "sold-out" if event.is_full else "open"
