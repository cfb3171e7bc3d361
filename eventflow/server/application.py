"""What surrounds requests and sockets on any ASGI server: the checks, the loop, start and end."""

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
from events.live.feeds import FeedRegistry

logger = logging.getLogger(__name__)


class Application:
    """The ASGI application. `inner` serves requests and sockets.

    Owns the threads that requests run on (`pages`) and the live feeds (`feeds`) of this process.
    """

    def __init__(self, inner: Any, *, pages: OneHopHandler, feeds: FeedRegistry) -> None:
        self.inner, self.pages, self.feeds = inner, pages, feeds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Here, because not every server announces its start: notifications leave by its loop.
        notifications.notifier.use_loop(asyncio.get_running_loop())
        if scope["type"] == "lifespan":
            await self.run_lifespan(receive, send)
        else:
            await self.inner(scope, receive, send)

    async def run_lifespan(self, receive: Receive, send: Send) -> None:
        """Answer the lifespan protocol, for servers that speak it. Ours and daphne don't."""
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        health.stopping.set()
        await asyncio.to_thread(self.pages.threads.shutdown)
        await send({"type": "lifespan.shutdown.complete"})


def check() -> None:
    """Run the system checks before anything is served, and log each warning in a line.

    Raises ImproperlyConfigured with the first error.
    """
    # On a thread: a server may load us on its loop, where Django touches no database.
    with ThreadPoolExecutor(1) as thread:
        messages = thread.submit(check_messages).result()
    for message in messages:
        words = " ".join(part for part in (message.msg, message.hint) if part)
        if message.is_serious():
            raise ImproperlyConfigured(words)
        logger.warning("%s", words)


def check_messages() -> list[CheckMessage]:
    try:
        return [message for message in run_checks() if not message.is_silenced()]
    finally:
        connections.close_all()
