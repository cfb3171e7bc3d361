"""The private attributes of Twisted, daphne and autobahn that our server needs, all in this module.

No library promises them. The contract test of this module names the attribute when an upgrade of a
library changes one.
"""

from collections.abc import Mapping
from typing import Any

# First, because it chooses Twisted's event loop.
import daphne.server
from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from autobahn.websocket.protocol import PreparedMessage
from daphne.http_protocol import WebRequest
from daphne.ws_protocol import WebSocketProtocol
from twisted.internet.main import CONNECTION_DONE
from twisted.internet.tcp import Port
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel

# The event loop of the process, which daphne gives to Twisted.
loop = daphne.server.twisted_loop


# Twisted


class PacedPort(Port):
    """A listening socket that accepts at most `accepts_at_once` connections at a time.

    Twisted accepts more and more at a time. When thousands connected at once, all of them were half
    through their handshakes together, and none was done in time.
    """

    accepts_at_once = 1

    def doRead(self) -> None:
        self.numberAccepts = min(self.numberAccepts, self.accepts_at_once)
        super().doRead()

    def close(self) -> None:
        """Close the socket at once. Whoever still waits in its queue gets a reset."""
        self.stopReading()
        self.connectionLost(Failure(CONNECTION_DONE))


class HTTPConnection(HTTPChannel):
    """Twisted's HTTP connection, with a name for what it does about bytes that are no HTTP."""

    def refuse_malformed(self) -> None:
        """Answer what is no HTTP, and close."""
        raise NotImplementedError

    def _respondToBadRequestAndDisconnect(self) -> None:
        self.refuse_malformed()


def skip_form_parsing(request: WebRequest) -> None:
    """Leave the body of a form unread: Twisted would parse it on the loop, without a limit."""
    request._parsePOSTFormSubmission = False


def request_line(channel: Any) -> tuple[str, str]:
    """Method and path of the request whose body is arriving, before Twisted tells anybody."""
    return (channel._command or b"").decode("latin1"), channel._path.decode("latin1")


def unsent_bytes(transport: Any) -> int:
    """How many bytes were written to the connection and wait to be sent."""
    buffered: int = len(transport.dataBuffer) - transport.offset + transport._tempDataLen
    return buffered


def write_directly(transport: Any, data: bytes) -> None:
    """Send as much as the system takes now, and write the rest in the usual way.

    Most connections take a frame at once. Then neither a buffer nor two rounds through the selector
    are needed, which cost more than the sending.
    """
    sent = 0
    if not (transport.dataBuffer or transport._tempDataLen):
        # No number: the connection is lost, which is noticed where it is read.
        sent = transport.writeSomeData(data) or 0
    if isinstance(sent, int) and sent < len(data):
        transport.write(data[sent:])


# Daphne


def response_has_started(request: WebRequest) -> bool:
    started: bool = request._response_started
    return started


def application_is_running(state: Mapping[str, Any]) -> bool:
    """Whether the application still works for a connection. `state` is daphne's record of it."""
    application = state.get("application_instance")
    return application is not None and not application.done()


def application_has_begun(state: Mapping[str, Any]) -> bool:
    """Whether the application was called for a connection, or it went away before."""
    return bool(state.keys() & {"application_instance", "disconnected"})


def has_disconnected(state: Mapping[str, Any]) -> bool:
    return "disconnected" in state


# What daphne and autobahn keep of a handshake, which an open socket needs no more.
HANDSHAKE_ATTRIBUTES = {
    "application_deferred",
    "application_queue",
    "clean_headers",
    "http_headers",
    "http_request_data",
    "http_response_data",
}


def forget_handshake(socket: WebSocketProtocol) -> None:
    """Free what let the socket in: it lives for hours, its handshake for a moment."""
    socket.request.headers = {}
    for name in HANDSHAKE_ATTRIBUTES:
        vars(socket).pop(name, None)


# Autobahn


def share_options(factory: WebSocketServerFactory, protocol: type[WebSocketServerProtocol]) -> None:
    """Give the factory's options to the class, so that no socket has copies of them.

    The class must have no CONFIG_ATTRS of its own, which autobahn would copy.
    """
    for name in WebSocketServerProtocol.CONFIG_ATTRS:
        option = getattr(factory, name)
        setattr(protocol, name, staticmethod(option) if callable(option) else option)


def text_frame(text: str) -> bytes:
    """A text message as it goes over the wire, the same for every socket."""
    message = PreparedMessage(text.encode(), isBinary=False, applyMask=False, doNotCompress=True)
    frame: bytes = message.payloadHybi
    return frame


def send_close_frame(socket: WebSocketServerProtocol, code: int) -> None:
    """Begin the closing handshake. sendClose() would allow an application no code below 3000."""
    socket.sendCloseFrame(code=code)
