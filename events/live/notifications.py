"""Live numbers, the sending side: after a commit a hint goes out, and whoever watches the event reads its row again.

A hint carries no number and may be lost: watchers also look unasked every few seconds. So a hint never delays and never fails a request.
"""

import asyncio
import logging
import time
from functools import partial
from typing import Any

from channels.exceptions import ChannelFull
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import transaction
from redis.exceptions import RedisError

from eventflow.observability import Outage

logger = logging.getLogger(__name__)

# What a channel layer raises when it fails; RuntimeError when its connections belong to a loop that is gone, or were cut under it.
LAYER_ERRORS = (RedisError, OSError, ChannelFull, RuntimeError)
# However many changes an event sees, one hint in so many seconds tells of them all.
COALESCE_SECONDS = 0.1
SEND_SECONDS = 1.0
# A worker whose hint failed doesn't wait for the channel layer again for so long.
GIVE_UP_SECONDS = 5.0


def hint(event_id: int) -> None:
    """After the running transaction commits, tell the watchers of this event that a number may have changed. Never raises."""
    transaction.on_commit(partial(announce, event_id), robust=True)


def announce(event_id: int) -> None:
    """Hand the hint to the server's loop, which sends it; in a process without one (worker, command) send it from here."""
    if sender.loop is not None and not sender.loop.is_closed():
        sender.loop.call_soon_threadsafe(sender.note, event_id)
    elif settings.REDIS_URL and not sender.has_just_failed:
        asyncio.run(sender.send(event_id))


def group_of(event_id: int) -> str:
    """The channel layer's name for those who watch this event."""
    return f"event.{event_id}"


class Sender:
    """Sends hints into the channel layer. In a web process `loop` is the server's, known from the first request on."""

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None
        self.due: set[int] = set()
        self.sending: set[asyncio.Task[None]] = set()
        self.outage = Outage(logger, "channel layer, sending hints")
        self.failed_at = float("-inf")

    def adopt(self, loop: asyncio.AbstractEventLoop) -> None:
        """Send by this loop, unless there is one already."""
        if self.loop is None or self.loop.is_closed():
            self.loop = loop

    @property
    def has_just_failed(self) -> bool:
        return time.monotonic() < self.failed_at + GIVE_UP_SECONDS

    def note(self, event_id: int) -> None:
        """On the loop: one send an event in COALESCE_SECONDS."""
        if event_id not in self.due:
            self.due.add(event_id)
            asyncio.get_running_loop().call_later(COALESCE_SECONDS, self.start, event_id)

    def start(self, event_id: int) -> None:
        self.due.discard(event_id)
        task = asyncio.ensure_future(self.send(event_id))
        self.sending.add(task)
        task.add_done_callback(self.sending.discard)

    async def send(self, event_id: int) -> None:
        layer: Any = get_channel_layer()
        try:
            await asyncio.wait_for(
                layer.group_send(group_of(event_id), {"type": "hint", "event_id": event_id}),
                SEND_SECONDS,
            )
        except LAYER_ERRORS as error:
            self.failed_at = time.monotonic()
            self.outage.began(error)
        else:
            self.outage.ended()


sender = Sender()
