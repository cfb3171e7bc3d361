"""The web server: daphne, with the back-pressure, the limits and the orderly stop that it lacks."""

# ruff: noqa: I001  daphne.server comes first: it chooses Twisted's event loop.
from daphne.server import Server as Daphne
from daphne.server import twisted_loop as loop

import asyncio
import logging
import os
import resource
import select
import signal
import threading
from typing import Any
from weakref import WeakSet

from django.conf import settings
from twisted.internet import reactor as twisted_reactor
from twisted.internet.main import CONNECTION_DONE
from twisted.internet.tcp import Port
from twisted.logger import (
    FilteringLogObserver,
    LogLevel,
    LogLevelFilterPredicate,
    STDLibLogObserver,
    globalLogBeginner,
)
from twisted.python.failure import Failure

from eventflow.observability import health
from eventflow.server.connections import (
    FRAME_BYTES,
    GOING_AWAY,
    Request,
    RequestFactory,
    Socket,
    SocketFactory,
)
from eventflow.server.handler import OneHopHandler
from eventflow.observability import Trail, current, metrics, trail, without_secrets
from events.live import notifications
from events.live.consumers import WATCH

logger = logging.getLogger(__name__)
access = logging.getLogger("eventflow.access")
reactor: Any = twisted_reactor

# A client that takes nothing of what we send it for so long is gone.
STALLED_SECONDS = 60
# How long after SIGTERM requests may finish, DRAIN_SECONDS included, and when the process ends whatever happens.
GRACE_SECONDS = 8.0
END_SECONDS = 9.0
# How long, of that, for whoever is connected and has not said yet what they want.
ASKING_SECONDS = 2.0
# Every connection is an open file, and the usual limit of 1024 is less than one popular event.
OPEN_FILES = 65_536
# So many wait at the door (or as many as the system allows, if that is less), and so many are let in each time we look.
BACKLOG, ACCEPTS = 4096, 50
# How long a socket's handshake may take; most of it is waiting while many come at once.
HANDSHAKE_SECONDS = 20


class Door(Port):
    """Where connections come in: a few at a time, so that those who are in get on before others follow.

    Twisted lets in more and more at a time. When thousands came at once, all of them were half through their handshakes together, and none
    was done in time.
    """

    def doRead(self) -> None:
        self.numberAccepts = min(self.numberAccepts, ACCEPTS)
        super().doRead()


class Server(Daphne):
    """Serves `application` on one port until told to stop. `pages` is the part of it that owns the threads."""

    def __init__(self, application: Any, *, pages: OneHopHandler, host: str, port: int) -> None:
        super().__init__(
            application,
            endpoints=[f"{host}:{port}"],
            action_logger=log_access,
            server_name="",
            ping_interval=20,
            ping_timeout=20,
            websocket_timeout=-1,
            websocket_connect_timeout=HANDSHAKE_SECONDS,
            websocket_handshake_timeout=HANDSHAKE_SECONDS,
        )
        self.pages = pages
        self.host, self.port = host, port
        self.connections: dict[Any, dict[str, Any]] = {}
        # Connections on which nothing was asked yet.
        self.silent: WeakSet[Any] = WeakSet()
        self.is_stopping = False
        self.lost_work = False

    def listen(self) -> int:
        """Take the port; returns its number, for those who asked for port 0. Raises CannotListenError when it is taken."""
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
        self.listener = Door(
            self.port, self.http_factory, backlog=BACKLOG, interface=self.host, reactor=reactor
        )
        self.listener.startListening()
        self.port = self.listener.getHost().port
        return self.port

    def run(self, *, signals: bool = True) -> bool:
        """Serve until stopped. Returns whether everything that had begun was also finished."""
        # Any: Twisted's interfaces are zope's, which mypy does not see through.
        only_errors: Any = LogLevelFilterPredicate(LogLevel.error)
        twisted: Any = STDLibLogObserver("twisted")
        errors: Any = FilteringLogObserver(twisted, [only_errors])
        globalLogBeginner.beginLoggingTo([errors], redirectStandardIO=False, discardBuffer=True)
        asyncio.set_event_loop(loop)
        notifications.sender.adopt(loop)
        metrics.SOCKETS.set_function(self.open_sockets)
        if signals:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, self.stop)
        allow_open_files()
        reactor.callLater(1, self.application_checker)
        reactor.callLater(2, self.timeout_checker)
        reactor.run(installSignalHandlers=False)
        return not self.lost_work

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        """Begin to answer: with a trail that the application, its thread and the line in the access log share."""
        token = trail.set(Trail())
        if isinstance(protocol, Socket):
            scope["extensions"] = {WATCH: {}}
        try:
            return super().create_application(protocol, scope)
        finally:
            trail.reset(token)

    def open_sockets(self) -> int:
        return sum(
            isinstance(protocol, Socket) and protocol.state == Socket.STATE_OPEN
            for protocol in list(self.connections)
        )

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        """Pass a message to the connection, and return when it has room for the next one."""
        await super().handle_reply(protocol, message)
        if isinstance(protocol, Request) and not protocol.tap.open.is_set():
            try:
                await asyncio.wait_for(protocol.tap.open.wait(), STALLED_SECONDS)
            except TimeoutError:
                protocol.abort()

    # Stopping

    def stop(self) -> None:
        """Begin to stop; on the loop. A second call changes nothing."""
        if not self.is_stopping:
            self.is_stopping = True
            self.stopping = asyncio.ensure_future(self.finish())

    async def finish(self) -> None:
        """Let proxies hear that we stop; take no more connections, let the running requests finish, close the sockets, end."""
        last_resort = threading.Timer(END_SECONDS, os._exit, [1])
        last_resort.daemon = True
        last_resort.start()
        health.stopping.set()
        await asyncio.sleep(settings.DRAIN_SECONDS)
        self.close_the_door()
        for protocol in list(self.connections):
            if isinstance(protocol, Socket):
                protocol.serverClose(GOING_AWAY)
        try:
            await asyncio.wait_for(
                self.everything_done(asked_until=loop.time() + ASKING_SECONDS),
                GRACE_SECONDS - settings.DRAIN_SECONDS,
            )
        except TimeoutError:
            self.lost_work = True
            logger.warning(
                "stopped with %d request(s) unfinished", sum(map(self.is_running, self.connections))
            )
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        reactor.stop()

    def close_the_door(self) -> None:
        """Stop listening, and let in who stands at the door.

        The system accepts connections before we do, and resets those that wait when the door closes. A proxy that has sent a booking
        into one of them can't tell whether it was taken; one that is refused can safely go to another process.
        """
        door = select.poll()
        door.register(self.listener.socket, select.POLLIN)
        for _crowd in range(100):
            if not door.poll(0):
                break
            self.listener.doRead()
        self.listener.stopReading()
        self.listener.connectionLost(Failure(CONNECTION_DONE))

    async def everything_done(self, *, asked_until: float) -> None:
        """Until who wanted to ask has asked or had their time, all have their answers or their closing, and no thread is at work."""
        while self.is_at_work() or (loop.time() < asked_until and self.is_being_asked()):
            await asyncio.sleep(0.02)
        await asyncio.to_thread(self.pages.threads.shutdown)

    def is_at_work(self) -> bool:
        """Whether an application runs, a socket is open, or something that was written is not sent."""
        return (
            any(map(self.is_running, self.connections))
            or any(map(self.is_open_socket, self.connections))
            or bool(reactor.getWriters())
        )

    def is_running(self, protocol: Any) -> bool:
        application = self.connections[protocol].get("application_instance")
        return application is not None and not application.done()

    def is_open_socket(self, protocol: Any) -> bool:
        return isinstance(protocol, Socket) and "disconnected" not in self.connections[protocol]

    def is_being_asked(self) -> bool:
        """Whether a request is on its way: a connection that has said nothing yet, or half of what it wants."""
        return any(map(is_open, self.silent)) or any(map(self.is_arriving, self.connections))

    def is_arriving(self, protocol: Any) -> bool:
        return isinstance(protocol, Request) and not self.connections[protocol].keys() & {
            "application_instance",
            "disconnected",
        }


def is_open(channel: Any) -> bool:
    return channel.transport is not None and bool(channel.transport.connected)


def allow_open_files() -> None:
    """As many as the system lets us, up to OPEN_FILES."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(
        resource.RLIMIT_NOFILE,
        (OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES), hard),
    )


def log_access(protocol: str, action: str, details: dict[str, Any]) -> None:
    """Count a request, and write one line about it, without the query string and with secrets in the path masked; none for static files."""
    if protocol != "http":
        return
    method, path, status, seconds = (
        details["method"],
        details["path"].split("?", 1)[0],
        details["status"],
        details["time_taken"],
    )
    is_static = path.startswith(settings.STATIC_URL)
    route = current().route or ("static" if is_static else "none")
    metrics.count_request(route, method, status, seconds)
    if not is_static:
        path, ms = without_secrets(path), round(seconds * 1000)
        fields = {"method": method, "path": path, "route": route, "status": status, "ms": ms}
        access.info("%s %s %s %d ms", method, path, status, ms, extra={"access": fields})
