"""What stands before every socket: who may open one at all, and what they hear while the database is away."""

import logging
from typing import Any

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http.request import split_domain_port, validate_host

from eventflow.core.own_pages import is_our_page
from events.live.consumers import WATCH

logger = logging.getLogger(__name__)
TRY_AGAIN = 1013


class OurPagesOnly:
    """Turn away a browser that stands on somebody else's page, which would bring our visitor's cookie with it.

    Welcome are our own pages, the front ends we know, and programs, which send no Origin.
    """

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin1")
        origin = headers.get(b"origin")
        welcome = is_our_host(host) and (
            origin is None or may_come_from(origin.decode("latin1"), host)
        )
        return await (self.inner if welcome else WebsocketDenier())(scope, receive, send)


def is_our_host(host: str) -> bool:
    return validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS)


def may_come_from(origin: str, host: str) -> bool:
    """Our own pages, or a separate front end that may also call the API."""
    return is_our_page(origin, host) or origin in settings.CORS_ALLOWED_ORIGINS


class TryAgainLater:
    """Where the database fails before a socket is accepted, close it in a way that makes clients come back.

    On our own server by the code for that, which Daphne takes from no application: elsewhere the
    handshake is refused.
    """

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        try:
            await self.inner(scope, receive, send)
        except (DatabaseError, InterfaceError) as error:
            logger.warning("socket put off: the database fails (%s)", type(error).__name__)
            if WATCH in scope.get("extensions", {}):
                await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": TRY_AGAIN})
