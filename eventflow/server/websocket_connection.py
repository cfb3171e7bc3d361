"""One WebSocket: bounded in what it may send, and a subscriber of its event without a task."""

from functools import lru_cache
from typing import Any

# First, because it chooses Twisted's event loop.
import daphne.server  # noqa: F401
from autobahn.websocket.types import ConnectionDeny
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from eventflow.server import twisted_internals
from eventflow.server.http_connection import head
from events.live.frames import Frame, Parts
from events.live.subscribers import (
    CLOSE_BINARY,
    CLOSE_NOT_FOUND,
    CLOSE_TOO_MANY,
    Subscriber,
)

# The largest frame that is taken, and how many bytes may wait for a slow client.
FRAME_BYTES = 4096
CLOSE_NORMAL, CLOSE_GOING_AWAY = 1000, 1001
VERSION_NOT_SUPPORTED = 505


@implementer(IPushProducer)
class Socket(Subscriber, WebSocketProtocol):
    """One WebSocket. After Channels has let it in, it subscribes to its event by itself.

    It has no task and no queue then, for there can be thousands.
    """

    # Our factory gives its options to the class, so that no socket has copies.
    CONFIG_ATTRS = ()
    subscribed_to: int | None = None

    def onConnect(self, request: Any) -> Any:
        """Refuse what daphne can't read: it takes path and headers as text of certain charsets."""
        if not is_readable(request):
            raise ConnectionDeny(400)
        return super().onConnect(request)

    def connectionMade(self) -> None:
        super().connectionMade()
        # Until now the HTTP side of the connection was told of a full buffer. Ours is full
        # earlier: there are thousands of them.
        self.transport.unregisterProducer()
        self.transport.bufferSize = FRAME_BYTES
        self.transport.registerProducer(self, True)

    def handle_reply(self, message: dict[str, Any]) -> None:
        if self.state == self.STATE_CLOSED:
            # It went away while it was being let in.
            return
        if message["type"] == "websocket.subscribe":
            self.network = message["network"]
            self.subscribe(Frame.from_plain(message["counts"]), message["parts"])
        else:
            super().handle_reply(message)

    # Subscribing

    def subscribe(self, frame: Frame, parts: Parts) -> None:
        """Send `frame`, then each change of its event, as the texts that `parts` asks for."""
        if self.server.is_stopping:
            return self.serverClose(CLOSE_GOING_AWAY)
        self.parts = parts
        twisted_internals.forget_handshake(self)
        self.subscribed_to = frame.event.pk
        self.server.feeds.subscribe(frame, self)

    def deliver(self, frame: Frame) -> None:
        if self.state == self.STATE_OPEN:
            twisted_internals.write_directly(self.transport, bytes_of(frame.text(self.parts)))

    def close_not_found(self) -> None:
        self.serverClose(CLOSE_NOT_FOUND)

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        if self.subscribed_to is not None:
            self.server.feeds.unsubscribe(self.subscribed_to, self)
            self.subscribed_to = None
        if not hasattr(self, "server"):
            # It was refused before the server knew of it.
            return
        super().onClose(wasClean, code, reason)

    # How much the client takes. One that reads nothing doesn't answer our ping, and is closed.

    def pauseProducing(self) -> None:
        self.pause()

    def resumeProducing(self) -> None:
        self.resume()

    def stopProducing(self) -> None:
        self.pause()

    # What the client sends

    def onMessageFrameBegin(self, length: int) -> None:
        self.count_frame()
        super().onMessageFrameBegin(length)

    def onPing(self, payload: bytes) -> None:
        self.count_frame()
        super().onPing(payload)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """Ignore a few small frames; close for a binary one."""
        if isBinary:
            self.serverClose(CLOSE_BINARY)

    def count_frame(self) -> None:
        if self.exceeds_frame_limit():
            self.serverClose(CLOSE_TOO_MANY)

    def sendHttpErrorResponse(self, code: int, reason: str, responseHeaders: Any = None) -> None:
        """Refuse a handshake, with the headers of every answer.

        Another version of HTTP is the client's fault, not ours.
        """
        code, reason = (400, "Bad Request") if code == VERSION_NOT_SUPPORTED else (code, reason)
        headers = [(name.encode(), value.encode()) for name, value in responseHeaders or []]
        self.sendData(head(f"{code} {reason}".encode(), [*headers, (b"Content-Length", b"0")]))

    def serverClose(self, code: int | None = None) -> None:
        if self.state == self.STATE_OPEN:
            twisted_internals.send_close_frame(self, code or CLOSE_NORMAL)

    def abort(self) -> None:
        self.dropConnection(abort=True)


def is_readable(request: Any) -> bool:
    """Whether path, headers and subprotocols of a handshake are in the charsets of HTTP."""
    headers = request.headers
    ascii_only = [request.path, *headers, headers.get("sec-websocket-protocol", "")]
    return (
        all(text.isascii() for text in ascii_only)
        and max(map(ord, "".join(headers.values())), default=0) < 256
    )


@lru_cache(maxsize=256)
def bytes_of(text: str) -> bytes:
    """What goes over the wire, made once for all sockets."""
    return twisted_internals.text_frame(text)


class SocketFactory(WebSocketFactory):
    """Makes sockets, whose options belong to the class."""

    protocol = Socket

    def setProtocolOptions(self, **options: Any) -> None:
        super().setProtocolOptions(**options)
        twisted_internals.share_options(self, Socket)
