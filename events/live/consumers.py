"""The socket of an event: authorises, then lets the event's live metrics through."""

import asyncio
from contextlib import suppress
from typing import Any

from channels.auth import get_user
from channels.db import database_sync_to_async
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer

from eventflow.core.addresses import client_network
from events.live.feeds import FeedRegistry
from events.live.frames import Frame, Parts, requested_parts
from events.live.reader import fetch_event
from events.live.subscribers import CLOSE_BINARY, CLOSE_NOT_FOUND, CLOSE_TOO_MANY, Subscriber
from events.models import Event
from events.permissions import visible_events

# The ASGI extension of our own server: after the message `websocket.subscribe` the connection
# itself is the subscriber, and no task waits beside it:
# docs/decisions/0026-a-socket-has-no-task.md.
SUBSCRIBE_EXTENSION = "eventflow.subscribe"


class MetricsConsumer(AsyncWebsocketConsumer):
    """Sends an event's counts on connect and whenever they change: JSON, or snippets for our pages.

    Works on any ASGI server. `feeds` is the registry of the process.
    """

    # The feed listens to the channel layer once for everybody; a socket has no channel of its own.
    channel_layer_alias = "none"
    subscriber: "ConsumerSubscriber | None" = None
    is_closed = False

    def __init__(self, feeds: FeedRegistry) -> None:
        super().__init__()
        self.feeds = feeds

    async def connect(self) -> None:
        """Accept whoever may connect; close with CLOSE_NOT_FOUND where the event is not visible."""
        event = await self.fetch_visible_event(self.scope["url_route"]["kwargs"]["pk"])
        network = client_network(self.scope["client"][0]) if self.scope.get("client") else ""
        if not self.feeds.has_room_for(network):
            # Not accepted: then a page tries again less and less often.
            return await self.close()
        await self.accept()
        if event is None:
            # After accepting: a browser can't see why a handshake was refused, and would retry.
            return await self.close(CLOSE_NOT_FOUND)
        frame, parts = Frame(event), requested_parts(self.scope["query_string"])
        if SUBSCRIBE_EXTENSION in self.scope.get("extensions", {}):
            message = {"type": "websocket.subscribe", "counts": frame.plain()}
            await self.base_send({**message, "parts": parts, "network": network})
            raise StopConsumer
        self.subscriber = ConsumerSubscriber(self, event.pk, parts, network)
        self.feeds.subscribe(frame, self.subscriber)

    async def fetch_visible_event(self, pk: int) -> Event | None:
        """The event, if this visitor may see it.

        Who the visitor is, is asked only for what not everybody may see: after a restart thousands
        connect at once, nearly all to public events.
        """
        public = await self.feeds.reader.fetch_public_event(pk)
        return public or await fetch_event_for(await get_user(self.scope), pk)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Ignore a few small frames; close for a binary one or too many."""
        if bytes_data is not None:
            await self.close(application_code(CLOSE_BINARY))
        elif self.subscriber and self.subscriber.exceeds_frame_limit():
            await self.close(application_code(CLOSE_TOO_MANY))

    async def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Close once: frames that the client sent before it knew still arrive."""
        if not self.is_closed:
            self.is_closed = True
            await super().close(code, reason)

    async def disconnect(self, code: int) -> None:
        if self.subscriber:
            self.subscriber.unsubscribe()


class ConsumerSubscriber(Subscriber):
    """Subscribes for a consumer on any ASGI server: one task at a time sends a frame."""

    def __init__(
        self, consumer: MetricsConsumer, event_id: int, parts: Parts, network: str
    ) -> None:
        self.consumer, self.event_id, self.parts, self.network = consumer, event_id, parts, network
        self.sending: asyncio.Future[None] | None = None

    def deliver(self, frame: Frame) -> None:
        if self.consumer.is_closed:
            return
        self.pause()
        self.sending = asyncio.ensure_future(self.send(frame))

    async def send(self, frame: Frame) -> None:
        # A client that went away is announced by a message of its own.
        with suppress(OSError):
            await self.consumer.send(frame.text(self.parts))
            self.resume()

    def close_not_found(self) -> None:
        self.sending = asyncio.ensure_future(self.consumer.close(CLOSE_NOT_FOUND))

    def unsubscribe(self) -> None:
        self.consumer.feeds.unsubscribe(self.event_id, self)
        if self.sending:
            self.sending.cancel()


def application_code(code: int) -> int:
    """This close code in the range of applications: daphne takes no other from one."""
    return code + 3000


@database_sync_to_async
def fetch_event_for(user: Any, pk: int) -> Event | None:
    return fetch_event(visible_events(user), pk)


async def close_unknown_path(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer a socket under an address that is none of ours."""
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": CLOSE_NOT_FOUND})
