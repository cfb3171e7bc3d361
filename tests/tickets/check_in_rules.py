"""The valid ticket of a reservation, and the refusal of a call."""

from collections.abc import Callable
from typing import Any

import pytest

from eventflow.core.errors import Refused
from tickets.models import Reservation, Ticket


def ticket_of(reservation: Reservation) -> Ticket:
    return reservation.tickets.valid().get()


def refused(call: Callable[..., Any], *args: Any, **kwargs: Any) -> Refused:
    """Return the refusal of this call."""
    with pytest.raises(Refused) as caught:
        call(*args, **kwargs)
    return caught.value
