"""What the server knows of each connection: whether it takes what we write, and what it may send us."""

import asyncio
from functools import lru_cache
from io import BytesIO
from typing import Any

# First, because it chooses Twisted's event loop.
import daphne.server  # noqa: F401
from autobahn.twisted.websocket import WebSocketServerProtocol
from autobahn.websocket.protocol import PreparedMessage
from autobahn.websocket.types import ConnectionDeny
from daphne.http_protocol import HTTPFactory, WebRequest
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from django.conf import settings
from twisted.internet import reactor as twisted_reactor
from twisted.internet.interfaces import IPushProducer
from twisted.web.http import HTTPChannel
from zope.interface import implementer

from eventflow.core.headers import RawHeaders, completed, of_every_answer
from eventflow.observability import metrics, without_secrets
from eventflow.server.handler import raw_headers, too_large
from events.live import feeds
from events.live.frames import Frame, Parts
from events.models import Event

reactor: Any = twisted_reactor

# In which a request's head must have come, counted from its first byte or the connection's; then its
# body; and how long a connection is kept on which nothing is asked.
HEAD_SECONDS, BODY_SECONDS, IDLE_SECONDS = 20, 60, 60
FRAME_BYTES = 4096
GOING_AWAY = 1001
VERSION_NOT_SUPPORTED = 505
# What a socket needs no more once it is open.
HANDSHAKE = {
    "application_deferred",
    "application_queue",
    "clean_headers",
    "http_headers",
    "http_request_data",
    "http_response_data",
}


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
    is_refused = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.server.silent.discard(self.channel)
        # Django parses forms; Twisted would do it once more, on the loop and without a limit.
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
        metrics.count_request("refused", (self.channel._command or b"").decode("latin1"), 413, 0)
        self.content = BytesIO()
        headers = [
            (name.lower(), value)
            for name, values in self.requestHeaders.getAllRawHeaders()
            for value in values
        ]
        response = too_large(self.channel._path.decode("latin1"), headers)
        transport = self.channel.transport
        transport.write(head(b"413 Content Too Large", raw_headers(response)) + response.content)
        transport.loseWriteConnection()
        reactor.callLater(2, transport.abortConnection)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        if not self.is_refused:
            super().requestReceived(command, path, version)

    def handle_reply(self, message: dict[str, Any]) -> None:
        is_first = message["type"] == "http.response.start" and not (
            self.finished or self.channel is None
        )
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

    def basic_error(self, status: int, status_text: bytes, body: str) -> None:
        """Daphne's own refusals and errors, with the headers of every answer."""
        for name, value in of_every_answer(https=settings.HTTPS):
            self.responseHeaders.addRawHeader(name, value)
        super().basic_error(status, status_text, body)

    def handle_exception(self, exception: BaseException) -> None:
        """Our application failed. An answer that has begun can't be taken back, but it must not look complete."""
        if self._response_started:
            self.abort()
        else:
            super().handle_exception(exception)

    def __repr__(self) -> str:
        return f"<Request {without_secrets((self.path or b'').decode('latin1'))}>"

    def abort(self) -> None:
        if self.channel is not None:
            self.channel.transport.abortConnection()


class Channel(HTTPChannel):
    """One HTTP connection. A request has a time in which it must have come, however slowly its bytes drip."""

    abortTimeout = 2
    # Nothing of a next request has come.
    is_idle = True

    def dataReceived(self, data: bytes) -> None:
        if self.is_idle:
            self.is_idle = False
            self.setTimeout(HEAD_SECONDS)
        super().dataReceived(data)

    def resetTimeout(self) -> None:
        """Twisted would begin the time anew with every byte."""

    def allHeadersReceived(self) -> None:
        self.setTimeout(BODY_SECONDS)
        super().allHeadersReceived()

    def requestDone(self, request: Any) -> None:
        self.is_idle = True
        super().requestDone(request)
        if self.is_idle and self.persistent:
            self.setTimeout(IDLE_SECONDS)

    def _respondToBadRequestAndDisconnect(self) -> None:
        """Twisted's answer to what is no HTTP, with the headers of every answer."""
        transport: Any = self.transport
        transport.write(
            head(b"400 Bad Request", [(b"Content-Length", b"0"), (b"Connection", b"close")])
        )
        self.loseConnection()


def head(status: bytes, headers: RawHeaders) -> bytes:
    """The first lines of an answer that we write ourselves."""
    lines = completed(headers, of_every_answer(https=settings.HTTPS))
    return b"\r\n".join([b"HTTP/1.1 " + status, *(b"%s: %s" % line for line in lines), b"", b""])


@implementer(IPushProducer)
class Socket(feeds.Watcher, WebSocketProtocol):
    """One WebSocket. Channels lets it in; then it watches its event by itself, without a task or a queue, for there can be thousands."""

    # Our factory gives its options to the class, so that no socket has copies.
    CONFIG_ATTRS = ()
    watched: int | None = None

    def onConnect(self, request: Any) -> Any:
        """Daphne reads path and headers as text of these charsets, and fails with whatever is none."""
        if not is_readable(request):
            raise ConnectionDeny(400)
        return super().onConnect(request)

    def connectionMade(self) -> None:
        super().connectionMade()
        # Until now the HTTP side of the connection listened for a full buffer. Ours is full earlier: there are thousands of them.
        self.transport.unregisterProducer()
        self.transport.bufferSize = FRAME_BYTES
        self.transport.registerProducer(self, True)

    def handle_reply(self, message: dict[str, Any]) -> None:
        if self.state == self.STATE_CLOSED:
            # It went while it was being let in.
            return
        if message["type"] == "websocket.watch":
            self.origin = message["origin"]
            self.watch(Event(**message["event"]), message["parts"])
        else:
            super().handle_reply(message)

    # Watching

    def watch(self, event: Event, parts: Parts) -> None:
        if self.server.is_stopping:
            return self.serverClose(GOING_AWAY)
        self.parts = parts
        self.forget_handshake()
        self.watched = event.pk
        feeds.hub.join(event, self)

    def forget_handshake(self) -> None:
        """A socket lives for hours, what let it in for a moment."""
        self.request.headers = {}
        self.__dict__ = {name: value for name, value in vars(self).items() if name not in HANDSHAKE}

    def show(self, frame: Frame) -> None:
        if self.state == self.STATE_OPEN:
            self.send_now(prepared(frame.text(self.parts)))

    def send_now(self, data: bytes) -> None:
        """Most take a frame at once. Then neither a buffer nor two rounds through the selector are needed, which cost more than the sending."""
        transport, sent = self.transport, 0
        if not (transport.dataBuffer or transport._tempDataLen):
            # No number: the connection is lost, which is noticed where we read.
            sent = transport.writeSomeData(data) or 0
        if isinstance(sent, int) and sent < len(data):
            transport.write(data[sent:])

    def end(self) -> None:
        self.serverClose(feeds.NOT_FOUND)

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        if self.watched is not None:
            feeds.hub.leave(self.watched, self)
            self.watched = None
        if not hasattr(self, "server"):
            # It was refused before the server knew of it.
            return
        super().onClose(wasClean, code, reason)

    # How much it takes. From one that reads nothing no answer to our ping comes, and it goes.

    def pauseProducing(self) -> None:
        self.wait()

    def resumeProducing(self) -> None:
        self.go_on()

    def stopProducing(self) -> None:
        self.wait()

    # What comes

    def onMessageFrameBegin(self, length: int) -> None:
        self.count_frame()
        super().onMessageFrameBegin(length)

    def onPing(self, payload: bytes) -> None:
        self.count_frame()
        super().onPing(payload)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """A watcher has nothing to say. A few words are let pass."""
        if isBinary:
            self.serverClose(feeds.NO_BINARY)

    def count_frame(self) -> None:
        if self.says_too_much():
            self.serverClose(feeds.TOO_MANY)

    def sendHttpErrorResponse(self, code: int, reason: str, responseHeaders: Any = None) -> None:
        """A refused handshake, with the headers of every answer. Another version of HTTP is the client's fault, not ours."""
        code, reason = (400, "Bad Request") if code == VERSION_NOT_SUPPORTED else (code, reason)
        said = [(name.encode(), value.encode()) for name, value in responseHeaders or []]
        self.sendData(head(f"{code} {reason}".encode(), [*said, (b"Content-Length", b"0")]))

    def serverClose(self, code: int | None = None) -> None:
        # Not sendClose(), which allows an application no code of the protocol's own.
        if self.state == self.STATE_OPEN:
            self.sendCloseFrame(code=code or 1000)

    def abort(self) -> None:
        self.dropConnection(abort=True)


def is_readable(request: Any) -> bool:
    """Whether path, headers and the subprotocols of a handshake are in the charsets that HTTP has for them."""
    headers = request.headers
    ascii_only = [request.path, *headers, headers.get("sec-websocket-protocol", "")]
    return (
        all(text.isascii() for text in ascii_only)
        and max(map(ord, "".join(headers.values())), default=0) < 256
    )


@lru_cache(maxsize=256)
def prepared(text: str) -> bytes:
    """What goes over the wire, made once for everybody."""
    message: bytes = PreparedMessage(
        text.encode(), isBinary=False, applyMask=False, doNotCompress=True
    ).payloadHybi
    return message


class RequestFactory(HTTPFactory):
    # Without Twisted's proxy around it, which chooses between protocols that we don't speak.
    protocol = Channel

    def __init__(self, server: Any) -> None:
        super().__init__(server)
        self.timeOut = HEAD_SECONDS

    def buildProtocol(self, addr: Any) -> Any:
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = Request
        self.server.silent.add(protocol)
        return protocol


class SocketFactory(WebSocketFactory):
    protocol = Socket

    def setProtocolOptions(self, **options: Any) -> None:
        super().setProtocolOptions(**options)
        for name in WebSocketServerProtocol.CONFIG_ATTRS:
            option = getattr(self, name)
            setattr(Socket, name, staticmethod(option) if callable(option) else option)
