"""Live numbers: after a commit a hint goes out, and whoever watches the event reads its row again."""

from functools import partial

from django.db import transaction


def hint(event_id: int) -> None:
    """After the running transaction commits, tell the watchers of this event that a number may have changed. Never raises."""
    transaction.on_commit(partial(announce, event_id), robust=True)


def announce(event_id: int) -> None:
    """Hand the hint to the server's loop."""
