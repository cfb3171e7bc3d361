"""ASGI middleware in front of every socket: which pages may open one, and a failing database."""

import logging
from typing import Any

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http.request import split_domain_port, validate_host

from eventflow.core.own_pages import is_same_origin
from events.live.consumers import SUBSCRIBE_EXTENSION

logger = logging.getLogger(__name__)
CLOSE_TRY_AGAIN = 1013


class AllowedOriginsOnly:
    """Refuse a browser on another site's page, which would send our visitor's cookie with it.

    Allowed are our own pages, the front ends of CORS_ALLOWED_ORIGINS, and programs, which send no
    Origin.
    """

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin1")
        origin = headers.get(b"origin")
        is_allowed = is_our_host(host) and (
            origin is None or is_allowed_origin(origin.decode("latin1"), host)
        )
        return await (self.inner if is_allowed else WebsocketDenier())(scope, receive, send)


def is_our_host(host: str) -> bool:
    return validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS)


def is_allowed_origin(origin: str, host: str) -> bool:
    """Whether this is a page of ours, or of a front end that may also call the API."""
    return is_same_origin(origin, host) or origin in settings.CORS_ALLOWED_ORIGINS


class RetryOnDatabaseFailure:
    """Close a socket so that clients come back, where the database fails before it is accepted.

    On our own server with the code for that, which daphne takes from no application: elsewhere the
    handshake is refused.
    """

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        try:
            await self.inner(scope, receive, send)
        except (DatabaseError, InterfaceError) as error:
            logger.warning("socket put off: the database fails (%s)", type(error).__name__)
            if SUBSCRIBE_EXTENSION in scope.get("extensions", {}):
                await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": CLOSE_TRY_AGAIN})
