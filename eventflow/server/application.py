"""What surrounds requests and sockets on any ASGI server: the loop that hints leave by, and the server's start and end."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.core.checks import CheckMessage, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from eventflow.observability import health
from eventflow.server.handler import OneHopHandler, Receive, Scope, Send
from events.live import notifications

logger = logging.getLogger(__name__)


class Application:
    """ASGI: `inner` for requests and sockets. `pages` is the part of it that owns the threads."""

    def __init__(self, inner: Any, *, pages: OneHopHandler) -> None:
        self.inner, self.pages = inner, pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        notifications.sender.adopt(asyncio.get_running_loop())
        if scope["type"] == "lifespan":
            await self.live(receive, send)
        else:
            await self.inner(scope, receive, send)

    async def live(self, receive: Receive, send: Send) -> None:
        """Answer the lifespan protocol, for servers that speak it. Ours and daphne don't."""
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        health.stopping.set()
        await asyncio.to_thread(self.pages.threads.shutdown)
        await send({"type": "lifespan.shutdown.complete"})


def check() -> None:
    """Run the system checks before anything is served, whatever the server. Warnings are logged, a line each.

    Raises ImproperlyConfigured, with the first error.
    """
    # On a thread: a server may load us on its loop, where Django touches no database.
    with ThreadPoolExecutor(1) as thread:
        found = thread.submit(checked).result()
    for message in found:
        words = " ".join(part for part in (message.msg, message.hint) if part)
        if message.is_serious():
            raise ImproperlyConfigured(words)
        logger.warning("%s", words)


def checked() -> list[CheckMessage]:
    try:
        return [message for message in run_checks() if not message.is_silenced()]
    finally:
        connections.close_all()
