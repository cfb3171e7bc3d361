"""The socket of an event's page: authorises, hands the socket over to the event's numbers, and says nothing else."""

from typing import Any
from urllib.parse import parse_qs

from channels.auth import get_user
from channels.db import database_sync_to_async
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer

from events import feeds
from events.models import Event
from events.permissions import visible_events


class NumbersConsumer(AsyncWebsocketConsumer):
    """Lets somebody see an event's numbers on connect and whenever they change: JSON, or with `?format=html` snippets for our own pages."""

    # The feed listens to the channel layer once for everybody; a socket has no channel of its own.
    channel_layer_alias = "none"

    async def connect(self) -> None:
        pk = self.scope["url_route"]["kwargs"]["pk"]
        # Who somebody is, is asked only where it matters: after a restart thousands come at once, nearly all to see what anybody may see.
        event = await feeds.look_for_anybody(pk) or await look_for(await get_user(self.scope), pk)
        await self.accept()
        if event is None:
            # After accepting, because a browser can't see why a handshake was refused, and would try again for ever.
            return await self.close(feeds.NOT_FOUND)
        wants_html = parse_qs(self.scope["query_string"].decode("latin1")).get("format") == ["html"]
        # An extension of our server's: from here on the connection itself watches, and nobody has to wait beside it.
        await self.base_send({"type": "websocket.watch", "event": event, "html": wants_html})
        raise StopConsumer


@database_sync_to_async
def look_for(user: Any, pk: int) -> Event | None:
    return feeds.look(visible_events(user), pk)


async def nothing_here(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """The address nobody serves."""
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": feeds.NOT_FOUND})
