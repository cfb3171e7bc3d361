"""The web server: daphne, with the back-pressure, the limits and the orderly stop that it lacks."""

# ruff: noqa: I001  daphne.server comes first: it chooses Twisted's event loop.
from daphne.server import Server as Daphne

import asyncio
import logging
import os
import resource
import signal
import threading
from typing import Any
from weakref import WeakSet

from django.conf import settings
from twisted.internet import reactor as twisted_reactor
from twisted.logger import (
    FilteringLogObserver,
    LogLevel,
    LogLevelFilterPredicate,
    STDLibLogObserver,
    globalLogBeginner,
)

from eventflow.observability import health
from eventflow.observability import RequestContext, metrics, REQUEST_CONTEXT
from eventflow.server import twisted_internals
from eventflow.server.access_log import log_access
from eventflow.server.application import Application
from eventflow.server.http_connection import Request, RequestFactory
from eventflow.server.listener import Listener
from eventflow.server.twisted_internals import loop
from eventflow.server.websocket_connection import (
    CLOSE_GOING_AWAY,
    FRAME_BYTES,
    Socket,
    SocketFactory,
)
from events.live.consumers import SUBSCRIBE_EXTENSION

logger = logging.getLogger(__name__)
reactor: Any = twisted_reactor

# A client that takes nothing of what we send it for so long is gone.
STALLED_SECONDS = 60
# How long after SIGTERM requests may finish, DRAIN_SECONDS included, and when the process ends
# whatever happens.
GRACE_SECONDS = 8.0
END_SECONDS = 9.0
# How long, of that, for connections on which nothing was asked yet.
FIRST_REQUEST_SECONDS = 2.0
# Every connection is an open file, and the usual limit of 1024 is less than one popular event.
OPEN_FILES = 65_536
# How long a socket's handshake may take; most of it is waiting while many connect at once.
HANDSHAKE_SECONDS = 20
PING_SECONDS = 20


class Server(Daphne):
    """Serves `application` on one port until told to stop."""

    def __init__(self, application: Application, *, host: str, port: int) -> None:
        super().__init__(
            application,
            endpoints=[f"{host}:{port}"],
            action_logger=log_access,
            server_name="",
            ping_interval=PING_SECONDS,
            ping_timeout=PING_SECONDS,
            websocket_timeout=-1,
            websocket_connect_timeout=HANDSHAKE_SECONDS,
            websocket_handshake_timeout=HANDSHAKE_SECONDS,
        )
        self.pages, self.feeds = application.pages, application.feeds
        self.host, self.port = host, port
        # Daphne's record of each request and socket.
        self.connections: dict[Any, dict[str, Any]] = {}
        # HTTP connections on which nothing was asked yet.
        self.unused_connections: WeakSet[Any] = WeakSet()
        self.is_stopping = False
        self.has_unfinished_requests = False

    def listen(self) -> int:
        """Take the port, and return its number, for those who asked for port 0.

        Raises CannotListenError when the port is taken.
        """
        self.http_factory = RequestFactory(self)
        self.ws_factory = SocketFactory(self, server=self.server_name)
        self.ws_factory.setProtocolOptions(
            autoPingTimeout=self.ping_timeout,
            openHandshakeTimeout=self.websocket_handshake_timeout,
            # The answer to our closing, after which the connection is dropped.
            closeHandshakeTimeout=2,
            # Say why with a close frame instead of dropping the connection.
            failByDrop=False,
            maxFramePayloadSize=FRAME_BYTES,
            maxMessagePayloadSize=FRAME_BYTES,
            # Which pages may connect is decided in eventflow.server.sockets.
            allowNullOrigin=True,
        )
        self.listener = Listener(self.host, self.port, self.http_factory, reactor)
        self.listener.startListening()
        self.port = self.listener.getHost().port
        return self.port

    def run(self, *, signals: bool = True) -> bool:
        """Serve until stopped. Returns whether everything that had begun was also finished."""
        log_only_errors_of_twisted()
        asyncio.set_event_loop(loop)
        metrics.SOCKETS.set_function(self.count_open_sockets)
        if signals:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, self.stop)
        allow_open_files()
        reactor.callLater(1, self.application_checker)
        reactor.callLater(2, self.timeout_checker)
        reactor.run(installSignalHandlers=False)
        return not self.has_unfinished_requests

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        """Call the application for a request or socket.

        In a request context that the application, its thread and the access log share.
        """
        token = REQUEST_CONTEXT.set(RequestContext())
        if isinstance(protocol, Socket):
            scope["extensions"] = {SUBSCRIBE_EXTENSION: {}}
        try:
            return super().create_application(protocol, scope)
        finally:
            REQUEST_CONTEXT.reset(token)

    def count_open_sockets(self) -> int:
        return sum(
            isinstance(protocol, Socket) and protocol.state == Socket.STATE_OPEN
            for protocol in list(self.connections)
        )

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        """Pass a message to the connection, and return when it has room for the next one."""
        await super().handle_reply(protocol, message)
        if isinstance(protocol, Request) and not protocol.write_gate.open.is_set():
            try:
                await asyncio.wait_for(protocol.write_gate.open.wait(), STALLED_SECONDS)
            except TimeoutError:
                protocol.abort()

    # Stopping

    def stop(self) -> None:
        """Begin to stop; on the loop. A second call changes nothing."""
        if not self.is_stopping:
            self.is_stopping = True
            self.stopping = asyncio.ensure_future(self.drain())

    async def drain(self) -> None:
        """Stop in order, within END_SECONDS.

        Tell proxies by the readiness probe; accept no more connections; let the running requests
        finish; close the sockets; end the reactor.
        """
        last_resort = threading.Timer(END_SECONDS, os._exit, [1])
        last_resort.daemon = True
        last_resort.start()
        health.stopping.set()
        await asyncio.sleep(settings.DRAIN_SECONDS)
        self.listener.close_after_accepting()
        for protocol in list(self.connections):
            if isinstance(protocol, Socket):
                protocol.serverClose(CLOSE_GOING_AWAY)
        first_request_until = loop.time() + FIRST_REQUEST_SECONDS
        try:
            await asyncio.wait_for(
                self.wait_until_idle(first_request_until=first_request_until),
                GRACE_SECONDS - settings.DRAIN_SECONDS,
            )
        except TimeoutError:
            self.has_unfinished_requests = True
            count = sum(map(self.is_running, self.connections))
            logger.warning("stopped with %d request(s) unfinished", count)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        reactor.stop()

    async def wait_until_idle(self, *, first_request_until: float) -> None:
        """Return when every answer and closing is sent and no thread works.

        Connections on which nothing was asked yet are waited for until `first_request_until`, a
        time of the loop.
        """
        while self.is_working() or (loop.time() < first_request_until and self.is_receiving()):
            await asyncio.sleep(0.02)
        await asyncio.to_thread(self.pages.threads.shutdown)

    def is_working(self) -> bool:
        """Whether an application runs, a socket is open, or something written is not yet sent."""
        return (
            any(map(self.is_running, self.connections))
            or any(map(self.is_open_socket, self.connections))
            or bool(reactor.getWriters())
        )

    def is_receiving(self) -> bool:
        """Whether a request may be on its way: on an unused connection, or half of one is here."""
        return any(map(is_open, self.unused_connections)) or any(
            map(self.is_arriving, self.connections)
        )

    def is_running(self, protocol: Any) -> bool:
        return twisted_internals.application_is_running(self.connections[protocol])

    def is_open_socket(self, protocol: Any) -> bool:
        has_gone = twisted_internals.has_disconnected(self.connections[protocol])
        return isinstance(protocol, Socket) and not has_gone

    def is_arriving(self, protocol: Any) -> bool:
        has_begun = twisted_internals.application_has_begun(self.connections[protocol])
        return isinstance(protocol, Request) and not has_begun


def is_open(connection: Any) -> bool:
    return connection.transport is not None and bool(connection.transport.connected)


def allow_open_files() -> None:
    """Raise the limit of open files to what the system allows, at most OPEN_FILES."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))


def log_only_errors_of_twisted() -> None:
    """Send Twisted's errors to the logger `twisted`, and nothing else of what it says."""
    # Any: Twisted's interfaces are zope's, which mypy does not see through.
    only_errors: Any = LogLevelFilterPredicate(LogLevel.error)
    to_logger: Any = STDLibLogObserver("twisted")
    errors: Any = FilteringLogObserver(to_logger, [only_errors])
    globalLogBeginner.beginLoggingTo([errors], redirectStandardIO=False, discardBuffer=True)
