"""What the tests of the queue's services read: the counts of an event, the code of a refusal."""

from collections.abc import Callable
from typing import Any

import pytest

from eventflow.core.errors import Refused
from events.models import Event


def counters(event: Event) -> tuple[int, int, int]:
    event.refresh_from_db()
    return event.confirmed_count, event.pending_count, event.checked_in_count


def refusal(call: Callable[..., Any], *args: Any, **kwargs: Any) -> str:
    """Return the code with which this call is refused."""
    with pytest.raises(Refused) as caught:
        call(*args, **kwargs)
    return caught.value.code
