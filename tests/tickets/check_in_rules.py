"""The valid ticket of a reservation, and the refusal of a call."""

import pytest

from eventflow.core.errors import Refused


def ticket_of(reservation):
    return reservation.tickets.valid().get()


def refused(call, *args, **kwargs):
    with pytest.raises(Refused) as caught:
        call(*args, **kwargs)
    return caught.value
