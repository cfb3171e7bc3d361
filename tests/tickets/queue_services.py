"""What the tests of the queue's services read: the counts of an event, the code of a refusal."""

import pytest

from eventflow.core.errors import Refused


def counters(event):
    event.refresh_from_db()
    return event.confirmed_count, event.pending_count, event.checked_in_count


def refusal(call, *args, **kwargs):
    with pytest.raises(Refused) as caught:
        call(*args, **kwargs)
    return caught.value.code
