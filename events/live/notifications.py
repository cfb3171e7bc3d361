"""Notifications that an event's counts changed, sent after the commit to every web process.

A notification carries the event's id and no count, and may be lost: feeds also read the row
unasked every few seconds. So sending one never delays and never fails a request.
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

# What a channel layer raises when it fails; RuntimeError when its connections belong to a loop
# that is gone, or were cut under it.
LAYER_ERRORS = (RedisError, OSError, ChannelFull, RuntimeError)
# However many changes an event sees, one notification in so many seconds tells of them all.
COALESCE_SECONDS = 0.1
SEND_SECONDS = 1.0
# For so long after a failure, a process without a loop does not try the channel layer again.
PAUSE_AFTER_FAILURE_SECONDS = 5.0


def notify(event_id: int) -> None:
    """After the running transaction commits, tell all feeds of this event that its counts changed.

    Never raises.
    """
    transaction.on_commit(partial(notify_now, event_id), robust=True)


def notify_now(event_id: int) -> None:
    """Send the notification by this process' notifier; returns at once where that has a loop."""
    notifier.notify(event_id)


def group_name(event_id: int) -> str:
    """The channel layer's group of those who are notified of this event."""
    return f"event.{event_id}"


class Notifier:
    """Sends notifications into the channel layer.

    In a web process it sends by the server's loop, which the application gives it. In a worker or
    a command, which have none, it sends from the calling thread, and only where there is Redis.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self.loop = loop
        self.scheduled: set[int] = set()
        self.sending: set[asyncio.Task[None]] = set()
        self.outage = Outage(logger, "channel layer, sending notifications")
        self.failed_at = float("-inf")

    def use_loop(self, loop: asyncio.AbstractEventLoop) -> None:
        """Send by this loop, unless there is an open one already."""
        if not self.has_loop:
            self.loop = loop

    @property
    def has_loop(self) -> bool:
        return self.loop is not None and not self.loop.is_closed()

    @property
    def has_failed_recently(self) -> bool:
        return time.monotonic() < self.failed_at + PAUSE_AFTER_FAILURE_SECONDS

    def notify(self, event_id: int) -> None:
        """From any thread: send a notification soon."""
        if self.loop is not None and self.has_loop:
            self.loop.call_soon_threadsafe(self.schedule, event_id)
        elif settings.REDIS_URL and not self.has_failed_recently:
            asyncio.run(self.send(event_id))

    def schedule(self, event_id: int) -> None:
        """On the loop: send one notification of this event in COALESCE_SECONDS."""
        if event_id not in self.scheduled:
            self.scheduled.add(event_id)
            asyncio.get_running_loop().call_later(COALESCE_SECONDS, self.start_sending, event_id)

    def start_sending(self, event_id: int) -> None:
        self.scheduled.discard(event_id)
        task = asyncio.ensure_future(self.send(event_id))
        self.sending.add(task)
        task.add_done_callback(self.sending.discard)

    async def send(self, event_id: int) -> None:
        """Give the notification to the channel layer, which has SEND_SECONDS to take it."""
        layer: Any = get_channel_layer()
        message = {"type": "notification", "event_id": event_id}
        try:
            await asyncio.wait_for(layer.group_send(group_name(event_id), message), SEND_SECONDS)
        except LAYER_ERRORS as error:
            self.failed_at = time.monotonic()
            self.outage.began(error)
        else:
            self.outage.ended()


# The notifier of this process. A test puts a new one in its place.
notifier = Notifier()
