"""Live numbers, the receiving side: a web process' line to the channel layer."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from channels.layers import get_channel_layer

from eventflow.observability import Outage
from events.live.notifications import LAYER_ERRORS, group_of

logger = logging.getLogger(__name__)

# How long the channel layer may take for anything, how often it is tried out, and how soon again after it failed.
ANSWER_SECONDS = 1.0
PROBE_SECONDS = 3.0
RETRY_SECONDS = 1.0


class Link:
    """Brings the hints for the events that somebody here watches.

    One channel for the process, one group an event, one task that alone talks to the layer. A hung layer doesn't say that it hangs,
    so the task sends itself a probe; `up` is true while probes come back, that is while hints can be trusted to arrive.
    """

    def __init__(self, on_hint: Callable[[int], None]) -> None:
        self.on_hint = on_hint
        self.up = False
        self.wanted: set[int] = set()
        self.changed = asyncio.Event()
        self.probe_came_back = asyncio.Event()
        self.outage = Outage(logger, "channel layer, receiving hints")
        self.task: asyncio.Task[None] | None = None

    def want(self, event_id: int) -> None:
        self.wanted.add(event_id)
        self.changed.set()
        if self.task is None or self.task.done():
            self.task = asyncio.ensure_future(self.run())

    def forget(self, event_id: int) -> None:
        self.wanted.discard(event_id)
        self.changed.set()

    async def run(self) -> None:
        """As long as anything is wanted; through outages, too."""
        while self.wanted:
            layer: Any = get_channel_layer()
            try:
                await self.listen(layer)
            except LAYER_ERRORS as error:
                self.outage.began(error)
                self.tell_everybody(up=False)
                # Start anew: after an outage nobody knows which subscriptions the server still holds.
                with contextlib.suppress(*LAYER_ERRORS):
                    await in_time(layer.flush())
                await asyncio.sleep(RETRY_SECONDS)
        self.up = False

    async def listen(self, layer: Any) -> None:
        channel = await in_time(layer.new_channel())
        hearing = asyncio.ensure_future(self.hear(layer, channel))
        joined: set[int] = set()
        try:
            while self.wanted:
                self.changed.clear()
                await self.keep_up(layer, channel, joined)
                await self.probe(layer, channel)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.changed.wait(), PROBE_SECONDS)
            await self.keep_up(layer, channel, joined)
        finally:
            hearing.cancel()

    async def keep_up(self, layer: Any, channel: str, joined: set[int]) -> None:
        """Join and leave groups until `joined` is what is wanted. Whoever joins gets a hint: there may have been one before."""
        for event_id in self.wanted - joined:
            await in_time(layer.group_add(group_of(event_id), channel))
            joined.add(event_id)
            self.on_hint(event_id)
        for event_id in joined - self.wanted:
            await in_time(layer.group_discard(group_of(event_id), channel))
            joined.discard(event_id)

    async def probe(self, layer: Any, channel: str) -> None:
        self.probe_came_back.clear()
        await in_time(layer.send(channel, {"type": "probe"}))
        await in_time(self.probe_came_back.wait())
        self.outage.ended()
        if not self.up:
            self.tell_everybody(up=True)

    async def hear(self, layer: Any, channel: str) -> None:
        while True:
            message = await layer.receive(channel)
            if message["type"] == "probe":
                self.probe_came_back.set()
            else:
                self.on_hint(message["event_id"])

    def tell_everybody(self, *, up: bool) -> None:
        """Hints begin or cease to be trusted; either way the feeds look for themselves once."""
        self.up = up
        for event_id in self.wanted:
            self.on_hint(event_id)


async def in_time[T](answer: Awaitable[T]) -> T:
    return await asyncio.wait_for(answer, ANSWER_SECONDS)
