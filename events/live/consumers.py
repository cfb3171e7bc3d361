"""The socket of an event's page: authorises, lets the event's numbers through, and says nothing else."""

import asyncio
from contextlib import suppress
from typing import Any

from channels.auth import get_user
from channels.db import database_sync_to_async
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer

from eventflow.core.addresses import neighbourhood
from events.live import feeds
from events.live.frames import FIELDS, Frame, Parts, asked_parts
from events.models import Event
from events.permissions import visible_events

# The ASGI extension of our own server: after the message `websocket.watch` the connection itself
# watches the event, and no task has to wait beside it (docs/decisions/0026-a-socket-has-no-task.md).
WATCH = "eventflow.watch"


class NumbersConsumer(AsyncWebsocketConsumer):
    """Lets somebody see an event's numbers on connect and whenever they change: JSON, or snippets for our own pages."""

    # The feed listens to the channel layer once for everybody; a socket has no channel of its own.
    channel_layer_alias = "none"
    watcher: "SocketWatcher | None" = None

    async def connect(self) -> None:
        pk = self.scope["url_route"]["kwargs"]["pk"]
        # Who somebody is, is asked only where it matters: after a restart thousands come at once, nearly all to see what anybody may see.
        event = await feeds.look_for_anybody(pk) or await look_for(await get_user(self.scope), pk)
        origin = neighbourhood(self.scope["client"][0]) if self.scope.get("client") else ""
        if not feeds.hub.has_room_for(origin):
            # Not accepted: then a page tries again less and less often.
            return await self.close()
        await self.accept()
        if event is None:
            # After accepting, because a browser can't see why a handshake was refused, and would try again for ever.
            return await self.close(feeds.NOT_FOUND)
        parts = asked_parts(self.scope["query_string"])
        if WATCH in self.scope.get("extensions", {}):
            await self.base_send(
                {
                    "type": "websocket.watch",
                    "event": numbers_of(event),
                    "parts": parts,
                    "origin": origin,
                }
            )
            raise StopConsumer
        self.watcher = SocketWatcher(self, event.pk, parts, origin)
        feeds.hub.join(event, self.watcher)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """A watcher has nothing to say. A few words are let pass."""
        if bytes_data is not None:
            await self.close(of_an_application(feeds.NO_BINARY))
        elif self.watcher and self.watcher.says_too_much():
            await self.close(of_an_application(feeds.TOO_MANY))

    async def disconnect(self, code: int) -> None:
        if self.watcher:
            self.watcher.leave()


class SocketWatcher(feeds.Watcher):
    """Watches for a socket on any ASGI server, with one task at a time, that sends the newest frame."""

    def __init__(self, consumer: NumbersConsumer, event_id: int, parts: Parts, origin: str) -> None:
        self.consumer, self.event_id, self.parts, self.origin = consumer, event_id, parts, origin
        self.sending: asyncio.Future[None] | None = None

    def show(self, frame: Frame) -> None:
        self.wait()
        self.sending = asyncio.ensure_future(self.deliver(frame))

    async def deliver(self, frame: Frame) -> None:
        # Whoever went away is told to us as a message of its own.
        with suppress(OSError):
            await self.consumer.send(frame.text(self.parts))
            self.go_on()

    def end(self) -> None:
        self.sending = asyncio.ensure_future(self.consumer.close(feeds.NOT_FOUND))

    def leave(self) -> None:
        feeds.hub.leave(self.event_id, self)
        if self.sending:
            self.sending.cancel()


def of_an_application(code: int) -> int:
    """This close code, in the range that is an application's: Daphne takes no other from one."""
    return code + 3000


def numbers_of(event: Event) -> dict[str, int]:
    """What a frame says of this event, as plain data: nothing else crosses into a server."""
    return {name: getattr(event, name) for name in ("id", *FIELDS)}


@database_sync_to_async
def look_for(user: Any, pk: int) -> Event | None:
    return feeds.look(visible_events(user), pk)


async def nothing_here(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """The address nobody serves."""
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": feeds.NOT_FOUND})
