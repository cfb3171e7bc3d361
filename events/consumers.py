"""The socket of an event's page: authorises, forwards numbers, and says nothing else."""

import asyncio
import contextlib
from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from events import feeds
from events.models import Event
from events.permissions import visible_events

# Close codes: one of our own, one of RFC 6455.
NOT_FOUND, NO_BINARY = 4404, 1003


class NumbersConsumer(AsyncWebsocketConsumer):
    """Sends the event's numbers on connect and whenever they change: JSON, or with `?format=html` snippets for our own pages."""

    # The feed listens to the channel layer once for everybody; a socket has no channel of its own.
    channel_layer_alias = "none"
    forwarding: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        self.wants_html = parse_qs(self.scope["query_string"].decode("latin1")).get("format") == ["html"]
        event = await visible_event(self.scope["user"], self.scope["url_route"]["kwargs"]["pk"])
        await self.accept()
        if event is None:
            # After accepting, because a browser can't see why a handshake was refused, and would try again for ever.
            return await self.close(NOT_FOUND)
        self.forwarding = asyncio.create_task(self.forward(event))

    async def forward(self, event: Event) -> None:
        async with contextlib.aclosing(feeds.watch(event)) as frames:
            async for frame in frames:
                await self.send(frame.html if self.wants_html else frame.json)
        # The feed has ended: the event is no more.
        await self.close(NOT_FOUND)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """A watcher has nothing to say. Text is let pass; the server bounds how much and how often."""
        if bytes_data is not None:
            await self.close(NO_BINARY)

    async def disconnect(self, code: int) -> None:
        if self.forwarding:
            self.forwarding.cancel()


@database_sync_to_async
def visible_event(user: Any, pk: int) -> Event | None:
    return visible_events(user).only(*feeds.FIELDS).filter(pk=pk).first()


async def nothing_here(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """The address nobody serves."""
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": NOT_FOUND})
