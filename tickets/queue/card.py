"""The reserve card of an event's page: which of its states a person sees."""

import uuid
from dataclasses import dataclass

from django.db.models import TextChoices

from eventflow.core.errors import Refused
from events.models import Event
from events.permissions import Visitor
from tickets.models import Reservation
from tickets.queue import reads


class CardState(TextChoices):
    """The states of the reserve card. Pages and scripts read their values."""

    DRAFT = "draft"
    CANCELLED = "cancelled"
    OVER = "over"
    CONFIRMED = "confirmed"
    PENDING = "pending"
    QUEUED = "queued"
    REJECTED = "rejected"
    STARTED = "started"
    SIGNED_OUT = "signed-out"
    SOLD_OUT = "sold-out"
    OPEN = "open"


@dataclass(frozen=True)
class Card:
    """What the reserve card shows one person about one event."""

    # For templates, which compare `state` with its members.
    State = CardState

    event: Event
    reservation: Reservation | None
    state: CardState
    # The position in the queue; None for a person who is not pending.
    position: int | None = None
    refusal: Refused | None = None

    @property
    def stamp(self) -> str:
        """Names what the card shows, so that a browser is answered only when that has changed."""
        return f"{self.state}-{self.position or 0}"

    @property
    def key(self) -> str:
        """A new key for each form that is rendered, so that a form sent twice reserves once."""
        return str(uuid.uuid4())

    @property
    def ahead(self) -> int:
        return (self.position or 1) - 1

    @property
    def shows_capacity(self) -> bool:
        """Whether the card shows how many seats are taken: it does while a person could reserve."""
        return self.state in {
            CardState.OPEN,
            CardState.SIGNED_OUT,
            CardState.SOLD_OUT,
            CardState.DRAFT,
        }

    @property
    def is_waiting(self) -> bool:
        """Whether the person is in the queue."""
        return self.state in {CardState.PENDING, CardState.QUEUED}

    @property
    def can_leave(self) -> bool:
        """Whether the person can give a seat or a place in the queue back."""
        return self.is_waiting or self.state == CardState.CONFIRMED


def card_of(event: Event, person: Visitor, refusal: Refused | None = None) -> Card:
    """Return the card that this person sees at this event.

    `refusal`: why their last request failed.
    """
    reservation = reads.latest(event, person) if person.is_authenticated else None
    state = state_of(event, reservation, signed_in=person.is_authenticated)
    waits = state in {CardState.PENDING, CardState.QUEUED}
    position = reads.position(reservation) if reservation and waits else None
    return Card(event, reservation, state, position, refusal)


def state_of(event: Event, reservation: Reservation | None, *, signed_in: bool) -> CardState:
    """Return the first state that applies.

    First what ended the event, then what the person has, then what they can get.
    """
    if event.is_draft or event.is_cancelled:
        return CardState(event.status)
    if event.is_past:
        return CardState.OVER
    if reservation and not reservation.is_cancelled:
        queued = reservation.is_pending and event.is_full
        return CardState.QUEUED if queued else CardState(reservation.status)
    if event.has_started:
        return CardState.STARTED
    if not signed_in:
        return CardState.SIGNED_OUT
    return CardState.SOLD_OUT if event.is_full else CardState.OPEN
