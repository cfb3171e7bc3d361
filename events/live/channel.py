"""Receiving notifications: a web process' subscription to the channel layer."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from channels.layers import get_channel_layer

from eventflow.observability import Outage
from events.live.notifications import LAYER_ERRORS, group_name

logger = logging.getLogger(__name__)

# How long the channel layer may take for anything, how often it is probed, and how soon after a
# failure it is tried again.
ANSWER_SECONDS = 1.0
PROBE_SECONDS = 3.0
RETRY_SECONDS = 1.0


class ChannelSubscription:
    """Calls `on_notification(event_id)` for each notification of the events that are subscribed to.

    There is one channel a process, one group an event, and one task that alone talks to the layer.
    A hung layer does not say that it hangs, so the task sends itself a probe. `is_up` is true while
    probes come back, which means that notifications can be relied on.
    """

    def __init__(self, on_notification: Callable[[int], None]) -> None:
        self.on_notification = on_notification
        self.is_up = False
        self.event_ids: set[int] = set()
        self.changed = asyncio.Event()
        self.probe_came_back = asyncio.Event()
        self.outage = Outage(logger, "channel layer, receiving notifications")
        self.task: asyncio.Task[None] | None = None

    def subscribe(self, event_id: int) -> None:
        """Notify of this event from soon on. Begins the task, if it does not run."""
        self.event_ids.add(event_id)
        self.changed.set()
        if self.task is None or self.task.done():
            self.task = asyncio.ensure_future(self.run())

    def unsubscribe(self, event_id: int) -> None:
        """Notify of this event no more. The task ends with the last event."""
        self.event_ids.discard(event_id)
        self.changed.set()

    async def run(self) -> None:
        """Listen while an event is subscribed to, through outages of the channel layer, too."""
        while self.event_ids:
            layer: Any = get_channel_layer()
            try:
                await self.listen(layer)
            except LAYER_ERRORS as error:
                self.outage.began(error)
                self.set_up(False)
                # After an outage nobody knows which subscriptions the server still holds.
                with contextlib.suppress(*LAYER_ERRORS):
                    await within_time_limit(layer.flush())
                await asyncio.sleep(RETRY_SECONDS)
        self.is_up = False

    async def listen(self, layer: Any) -> None:
        """Receive on a new channel until nothing is subscribed to. Raises one of LAYER_ERRORS."""
        channel = await within_time_limit(layer.new_channel())
        receiving = asyncio.ensure_future(self.receive(layer, channel))
        joined: set[int] = set()
        try:
            while self.event_ids:
                self.changed.clear()
                await self.update_groups(layer, channel, joined)
                await self.probe(layer, channel)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.changed.wait(), PROBE_SECONDS)
            await self.update_groups(layer, channel, joined)
        finally:
            receiving.cancel()

    async def update_groups(self, layer: Any, channel: str, joined: set[int]) -> None:
        """Join and leave groups until `joined` holds the events that are subscribed to.

        Each event that is joined counts as notified: a notification may have been sent before.
        """
        for event_id in self.event_ids - joined:
            await within_time_limit(layer.group_add(group_name(event_id), channel))
            joined.add(event_id)
            self.on_notification(event_id)
        for event_id in joined - self.event_ids:
            await within_time_limit(layer.group_discard(group_name(event_id), channel))
            joined.discard(event_id)

    async def probe(self, layer: Any, channel: str) -> None:
        """Send a message to ourselves and wait for it. Raises one of LAYER_ERRORS if it is lost."""
        self.probe_came_back.clear()
        await within_time_limit(layer.send(channel, {"type": "probe"}))
        await within_time_limit(self.probe_came_back.wait())
        self.outage.ended()
        if not self.is_up:
            self.set_up(True)

    async def receive(self, layer: Any, channel: str) -> None:
        while True:
            message = await layer.receive(channel)
            if message["type"] == "probe":
                self.probe_came_back.set()
            else:
                self.on_notification(message["event_id"])

    def set_up(self, is_up: bool) -> None:
        """Notifications begin or cease to be reliable; either way each feed reads its row once."""
        self.is_up = is_up
        for event_id in self.event_ids:
            self.on_notification(event_id)


async def within_time_limit[T](answer: Awaitable[T]) -> T:
    """The answer; raises TimeoutError after ANSWER_SECONDS."""
    return await asyncio.wait_for(answer, ANSWER_SECONDS)
