"""The web server: daphne, with the back-pressure, the limits and the orderly stop that it lacks."""

# ruff: noqa: I001  daphne.server comes first: it chooses Twisted's event loop.
from daphne.server import Server as Daphne
from daphne.server import twisted_loop as loop

import asyncio
import logging
import os
import re
import signal
import threading
from io import BytesIO
from typing import Any

from daphne.http_protocol import HTTPFactory, WebRequest
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from twisted.internet import reactor as twisted_reactor
from twisted.internet.interfaces import IPushProducer
from twisted.logger import FilteringLogObserver, LogLevel, LogLevelFilterPredicate, STDLibLogObserver, globalLogBeginner
from zope.interface import implementer

from eventflow.http import OneHopHandler, raw_headers, refusal
from events import live

logger = logging.getLogger(__name__)
access = logging.getLogger("eventflow.access")
reactor: Any = twisted_reactor

# A client that takes nothing of what we send it for so long is gone.
STALLED_SECONDS = 60
# How long requests may finish after SIGTERM, and when the process ends whatever happens.
GRACE_SECONDS = 8.0
END_SECONDS = 9.0
# Watchers have nothing to say: a few small frames, pings included, are let pass.
FRAME_BYTES = 4096
FRAMES_IN_A_WINDOW = 40
WINDOW_SECONDS = 10.0
MESSAGE_TOO_BIG, TOO_MANY, GOING_AWAY = 1009, 1008, 1001
TOO_LARGE = _("This is more than EventFlow takes at once.")

# Parts of a path that give access: what follows an activation, confirmation or reset address, and anything long.
SECRET = re.compile(r"(?<=/activate/)[^/]+|(?<=/confirm-email/)[^/]+|(?<=/reset/key/)[^/]+|[^/]{33,}")


@implementer(IPushProducer)
class Tap:
    """Open while the client takes what we write. Twisted closes it while more than 64 KB wait in a connection's buffer."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()

    def pauseProducing(self) -> None:
        self.open.clear()

    def resumeProducing(self) -> None:
        self.open.set()

    def stopProducing(self) -> None:
        self.open.set()


class Request(WebRequest):
    """One HTTP request and its answer."""

    error_template = "<!doctype html><title>%(title)s</title><p>%(body)s</p>"
    # Django parses forms; Twisted would do it once more, on the loop and without a limit.
    _parsePOSTFormSubmission = False
    is_refused = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._parsePOSTFormSubmission = False
        self.tap = Tap()

    # Twisted collects the whole body before anybody sees the request, so this is the place to bound it.

    def gotLength(self, length: int | None) -> None:
        self.content = BytesIO()
        if length is not None and length > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            self.refuse_body()

    def handleContentChunk(self, data: bytes) -> None:
        if self.is_refused:
            return
        if self.content.tell() + len(data) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            return self.refuse_body()
        self.content.write(data)

    def refuse_body(self) -> None:
        """Answer 413 at once. What still comes is thrown away for two seconds, so that the client can read the answer before a reset."""
        self.is_refused = True
        self.content = BytesIO()
        headers = [(name.lower(), value) for name, values in self.requestHeaders.getAllRawHeaders() for value in values]
        response = refusal(self.channel._path.decode("latin1"), headers, status=413, code="too_large", message=TOO_LARGE)
        response["Content-Length"], response["Connection"] = str(len(response.content)), "close"
        lines = [b"HTTP/1.1 413 Content Too Large", *(name + b": " + value for name, value in raw_headers(response)), b"", response.content]
        transport = self.channel.transport
        transport.write(b"\r\n".join(lines))
        transport.loseWriteConnection()
        reactor.callLater(2, transport.abortConnection)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        if not self.is_refused:
            super().requestReceived(command, path, version)

    def handle_reply(self, message: dict[str, Any]) -> None:
        is_first = message["type"] == "http.response.start" and not (self.finished or self.channel is None)
        if is_first and self.server.is_stopping:
            self.channel.persistent = False
            message["headers"] = [*message["headers"], (b"Connection", b"close")]
        super().handle_reply(message)
        if is_first and self.producer is None:
            self.registerProducer(self.tap, True)

    def finish(self) -> None:
        self.unregisterProducer()
        self.tap.stopProducing()
        super().finish()

    def connectionLost(self, reason: Any) -> None:
        self.tap.stopProducing()
        super().connectionLost(reason)

    def handle_exception(self, exception: BaseException) -> None:
        """Our application failed. An answer that has begun can't be taken back, but it must not look complete."""
        if self._response_started:
            self.abort()
        else:
            super().handle_exception(exception)

    def abort(self) -> None:
        if self.channel is not None:
            self.channel.transport.abortConnection()


class Socket(WebSocketProtocol):
    """One WebSocket."""

    def connectionMade(self) -> None:
        super().connectionMade()
        self.tap = Tap()
        self.frames, self.window_ends = 0, 0.0
        # Until now the HTTP side of the connection listened for a full buffer.
        self.transport.unregisterProducer()
        self.transport.registerProducer(self.tap, True)

    def onMessageFrameBegin(self, length: int) -> None:
        self.count_frame()
        super().onMessageFrameBegin(length)

    def onPing(self, payload: bytes) -> None:
        self.count_frame()
        super().onPing(payload)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        if self.state == self.STATE_OPEN:
            super().onMessage(payload, isBinary)

    def count_frame(self) -> None:
        if loop.time() > self.window_ends:
            self.frames, self.window_ends = 0, loop.time() + WINDOW_SECONDS
        self.frames += 1
        if self.frames > FRAMES_IN_A_WINDOW:
            self.serverClose(TOO_MANY)

    def serverClose(self, code: int | None = None) -> None:
        # Not sendClose(), which allows an application no code of the protocol's own.
        if self.state == self.STATE_OPEN:
            self.sendCloseFrame(code=code or 1000)

    def abort(self) -> None:
        self.dropConnection(abort=True)


class RequestFactory(HTTPFactory):
    def buildProtocol(self, addr: Any) -> Any:
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = Request
        return protocol


class SocketFactory(WebSocketFactory):
    protocol = Socket


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
            websocket_connect_timeout=10,
        )
        self.pages = pages
        self.host, self.port = host, port
        self.connections: dict[Any, dict[str, Any]] = {}
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
            # Which pages may connect is decided in eventflow.sockets.
            allowNullOrigin=True,
        )
        self.listener = reactor.listenTCP(self.port, self.http_factory, backlog=1024, interface=self.host)
        self.port = self.listener.getHost().port
        return self.port

    def run(self, *, signals: bool = True) -> bool:
        """Serve until stopped. Returns whether everything that had begun was also finished."""
        errors: Any = FilteringLogObserver(STDLibLogObserver("twisted"), [LogLevelFilterPredicate(LogLevel.error)])  # type: ignore[arg-type,list-item]
        globalLogBeginner.beginLoggingTo([errors], redirectStandardIO=False, discardBuffer=True)
        asyncio.set_event_loop(loop)
        live.sender.loop = loop
        if signals:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, self.stop)
        reactor.callLater(1, self.application_checker)
        reactor.callLater(2, self.timeout_checker)
        reactor.run(installSignalHandlers=False)
        return not self.lost_work

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        """Pass a message to the connection, and return when it has room for the next one."""
        await super().handle_reply(protocol, message)
        if not protocol.tap.open.is_set():
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
        """Take no more connections, let the running requests finish, close the sockets, end."""
        last_resort = threading.Timer(END_SECONDS, os._exit, [1])
        last_resort.daemon = True
        last_resort.start()
        self.listener.stopListening()
        for protocol in list(self.connections):
            if isinstance(protocol, Socket):
                protocol.serverClose(GOING_AWAY)
        try:
            await asyncio.wait_for(self.everything_done(), GRACE_SECONDS)
        except TimeoutError:
            self.lost_work = True
            logger.warning("stopped with %d request(s) unfinished", sum(map(self.is_running, self.connections)))
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        reactor.stop()

    async def everything_done(self) -> None:
        """Until no application runs, all that was written is sent, and no thread works for a client that left."""
        while any(map(self.is_running, self.connections)) or reactor.getWriters():
            await asyncio.sleep(0.02)
        await asyncio.to_thread(self.pages.threads.shutdown)

    def is_running(self, protocol: Any) -> bool:
        application = self.connections[protocol].get("application_instance")
        return application is not None and not application.done()


def log_access(protocol: str, action: str, details: dict[str, Any]) -> None:
    """One line a request, without the query string and with secrets in the path masked; none for static files."""
    path = details["path"].split("?", 1)[0]
    if protocol == "http" and not path.startswith(settings.STATIC_URL):
        access.info("%s %s %s %.0f ms", details["method"], SECRET.sub("***", path), details["status"], details["time_taken"] * 1000)
