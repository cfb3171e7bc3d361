"""One HTTP connection and its requests: time limits, bounds on bodies, back-pressure."""

import asyncio
from io import BytesIO
from typing import Any

# First, because it chooses Twisted's event loop.
import daphne.server  # noqa: F401
from daphne.http_protocol import HTTPFactory, WebRequest
from django.conf import settings
from twisted.internet import reactor as twisted_reactor
from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from eventflow.core.headers import RawHeaders, add_missing_headers, default_headers
from eventflow.observability import mask_path, metrics
from eventflow.server import twisted_internals
from eventflow.server.handler import raw_headers, too_large

reactor: Any = twisted_reactor

# How many seconds a request's head may take, counted from its first byte or the connection's; then
# its body; and how long a connection is kept on which nothing is asked.
HEAD_SECONDS, BODY_SECONDS, IDLE_SECONDS = 20, 60, 60
# For so long what still comes of a refused body is thrown away, so that the client can read the
# answer before a reset.
REFUSED_BODY_SECONDS = 2


@implementer(IPushProducer)
class WriteGate:
    """Open while the client takes what we write.

    Twisted closes it while more than 64 KB wait in a connection's buffer.
    """

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
        self.server.unused_connections.discard(self.channel)
        # Django parses forms.
        twisted_internals.skip_form_parsing(self)
        self.write_gate = WriteGate()

    # Twisted collects the whole body before anybody sees the request; so it is bounded here.

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
        """Answer 413 at once, and end the connection REFUSED_BODY_SECONDS later."""
        self.is_refused = True
        method, path = twisted_internals.request_line(self.channel)
        metrics.count_request("refused", method, 413, 0)
        self.content = BytesIO()
        headers = [
            (name.lower(), value)
            for name, values in self.requestHeaders.getAllRawHeaders()
            for value in values
        ]
        response = too_large(path, headers)
        transport = self.channel.transport
        transport.write(head(b"413 Content Too Large", raw_headers(response)) + response.content)
        transport.loseWriteConnection()
        reactor.callLater(REFUSED_BODY_SECONDS, transport.abortConnection)

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
            self.registerProducer(self.write_gate, True)

    def finish(self) -> None:
        self.unregisterProducer()
        self.write_gate.stopProducing()
        super().finish()

    def connectionLost(self, reason: Any) -> None:
        self.write_gate.stopProducing()
        super().connectionLost(reason)

    def basic_error(self, status: int, status_text: bytes, body: str) -> None:
        """Send one of daphne's own refusals and errors, with the headers of every answer."""
        for name, value in default_headers(https=settings.HTTPS):
            self.responseHeaders.addRawHeader(name, value)
        super().basic_error(status, status_text, body)

    def handle_exception(self, exception: BaseException) -> None:
        """End a request whose application failed; an answer half sent must not look complete."""
        if twisted_internals.response_has_started(self):
            self.abort()
        else:
            super().handle_exception(exception)

    def __repr__(self) -> str:
        return f"<Request {mask_path((self.path or b'').decode('latin1'))}>"

    def abort(self) -> None:
        if self.channel is not None:
            self.channel.transport.abortConnection()


class Connection(twisted_internals.HTTPConnection):
    """One HTTP connection. A request has a time limit, however slowly its bytes arrive."""

    abortTimeout = 2
    # Nothing of a next request has come.
    is_idle = True

    def dataReceived(self, data: bytes) -> None:
        if self.is_idle:
            self.is_idle = False
            self.setTimeout(HEAD_SECONDS)
        super().dataReceived(data)

    def resetTimeout(self) -> None:
        """Do nothing: Twisted would begin the time anew with every byte."""

    def allHeadersReceived(self) -> None:
        self.setTimeout(BODY_SECONDS)
        super().allHeadersReceived()

    def requestDone(self, request: Any) -> None:
        self.is_idle = True
        super().requestDone(request)
        if self.is_idle and self.persistent:
            self.setTimeout(IDLE_SECONDS)

    def refuse_malformed(self) -> None:
        """Answer 400, with the headers of every answer, and close."""
        transport: Any = self.transport
        headers = [(b"Content-Length", b"0"), (b"Connection", b"close")]
        transport.write(head(b"400 Bad Request", headers))
        self.loseConnection()


def head(status: bytes, headers: RawHeaders) -> bytes:
    """Status line and headers of an answer that the server writes itself."""
    lines = add_missing_headers(headers, default_headers(https=settings.HTTPS))
    return b"\r\n".join([b"HTTP/1.1 " + status, *(b"%s: %s" % line for line in lines), b"", b""])


class RequestFactory(HTTPFactory):
    """Makes HTTP connections, and tells the server of each."""

    # Without Twisted's proxy around it, which chooses between protocols that we don't speak.
    protocol = Connection

    def __init__(self, server: Any) -> None:
        super().__init__(server)
        self.timeOut = HEAD_SECONDS

    def buildProtocol(self, addr: Any) -> Any:
        connection = super().buildProtocol(addr)
        connection.requestFactory = Request
        self.server.unused_connections.add(connection)
        return connection
