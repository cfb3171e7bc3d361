"""The private attributes of Twisted, daphne and autobahn, each as `twisted_internals` needs it.

A failure here means that a library changed: mend `eventflow/server/twisted_internals.py`, and see
that tests/eventflow/test_http.py and tests/events/test_sockets.py pass.
"""

import inspect
import re
from pathlib import Path

import pytest

from eventflow.server import twisted_internals

pytestmark = pytest.mark.once
SERVER = Path(twisted_internals.__file__).parent

from autobahn.twisted.websocket import WebSocketServerProtocol  # noqa: E402  after daphne's loop
from autobahn.websocket.protocol import PreparedMessage, WebSocketProtocol  # noqa: E402
from daphne import server as daphne_server  # noqa: E402
from daphne.http_protocol import WebRequest  # noqa: E402
from daphne.ws_protocol import WebSocketProtocol as DaphneSocket  # noqa: E402
from twisted.internet.abstract import FileDescriptor  # noqa: E402
from twisted.internet.tcp import Connection, Port  # noqa: E402
from twisted.web.http import HTTPChannel, Request  # noqa: E402

# Which attribute of which class the server reads, writes or overrides.
ATTRIBUTES = [
    (Request, "_parsePOSTFormSubmission"),
    (Request, "gotLength"),
    (Request, "handleContentChunk"),
    (Request, "requestReceived"),
    (HTTPChannel, "_command"),
    (HTTPChannel, "_path"),
    (HTTPChannel, "_respondToBadRequestAndDisconnect"),
    (HTTPChannel, "allHeadersReceived"),
    (HTTPChannel, "requestDone"),
    (HTTPChannel, "resetTimeout"),
    (HTTPChannel, "setTimeout"),
    (HTTPChannel, "persistent"),
    (FileDescriptor, "dataBuffer"),
    (FileDescriptor, "offset"),
    (FileDescriptor, "_tempDataLen"),
    (FileDescriptor, "bufferSize"),
    (Connection, "writeSomeData"),
    (Port, "numberAccepts"),
    (Port, "doRead"),
    (Port, "stopReading"),
    (Port, "connectionLost"),
    (WebRequest, "_response_started"),
    (WebRequest, "basic_error"),
    (WebRequest, "handle_exception"),
    (daphne_server.Server, "application_checker"),
    (daphne_server.Server, "timeout_checker"),
    (daphne_server.Server, "create_application"),
    (daphne_server.Server, "handle_reply"),
    (DaphneSocket, "handle_reply"),
    (DaphneSocket, "serverClose"),
    (DaphneSocket, "application_deferred"),
    (DaphneSocket, "application_queue"),
    (DaphneSocket, "clean_headers"),
    (WebSocketServerProtocol, "http_request_data"),
    (WebSocketServerProtocol, "http_headers"),
    (WebSocketServerProtocol, "http_response_data"),
    (WebSocketServerProtocol, "CONFIG_ATTRS"),
    (WebSocketServerProtocol, "sendHttpErrorResponse"),
    (WebSocketServerProtocol, "sendCloseFrame"),
    (WebSocketServerProtocol, "onMessageFrameBegin"),
    (PreparedMessage, "payloadHybi"),
]
SIGNATURES = [
    (Connection.writeSomeData, "(self, data)"),
    (Port.__init__, "(self, port, factory, backlog, interface, reactor)"),
    (HTTPChannel._respondToBadRequestAndDisconnect, "(self)"),
    (Request.gotLength, "(self, length)"),
    (Request.handleContentChunk, "(self, data)"),
    (Request.requestReceived, "(self, command, path, version)"),
    (WebRequest.basic_error, "(self, status, status_text, body)"),
    (daphne_server.Server.create_application, "(self, protocol, scope)"),
    (daphne_server.Server.handle_reply, "(self, protocol, message)"),
    (
        WebSocketProtocol.sendCloseFrame,
        "(self, code, reasonUtf8, isReply)",
    ),
    (WebSocketServerProtocol.sendHttpErrorResponse, "(self, code, reason, responseHeaders)"),
    (PreparedMessage.__init__, "(self, payload, isBinary, applyMask, doNotCompress)"),
]


def has(owner, name):
    """Whether the class has the attribute, or a class in its line gives it to its instances."""
    return hasattr(owner, name) or any(
        re.search(rf"self\.{name}\b[^=\n]*=[^=]", inspect.getsource(each))
        for each in owner.__mro__[:-1]
    )


@pytest.mark.parametrize(("owner", "name"), ATTRIBUTES, ids=lambda value: str(value))
def test_attribute_of_a_library_exists(owner, name):
    assert has(owner, name), (
        f"{owner.__module__}.{owner.__name__} has no {name} any more: "
        "eventflow/server/twisted_internals.py or a class built on it needs another way"
    )


@pytest.mark.parametrize(
    ("function", "parameters"), SIGNATURES, ids=lambda value: getattr(value, "__qualname__", "")
)
def test_signature_of_a_library_is_the_known_one(function, parameters):
    found = f"({', '.join(inspect.signature(function).parameters)})"
    assert found == parameters, (
        f"{function.__module__}.{function.__qualname__} takes {found} and no longer {parameters}: "
        "eventflow/server builds on it"
    )


def test_daphne_keeps_the_application_in_its_record_of_a_connection():
    source = inspect.getsource(daphne_server.Server)
    for key in ("application_instance", "disconnected"):
        assert f'[protocol]["{key}"] = ' in source, (
            f"daphne's Server.connections has no {key!r} any more: the orderly stop needs it"
        )


def test_daphne_chooses_the_loop_at_import():
    assert daphne_server.twisted_loop is twisted_internals.loop


def test_private_attributes_stand_in_one_module_only():
    """Ours are never private: what begins with an underscore belongs to a library."""
    private = re.compile(r"(?<!\bself)\.(_[a-z]\w+)|self\.(_[a-z]\w+)|def (_[a-z]\w+)")
    found = {
        (path.name, name)
        for path in SERVER.glob("*.py")
        if path.name != "twisted_internals.py"
        for names in private.findall(path.read_text())
        for name in names
        if name
    }
    # Django's test client and debug page read it from a response.
    assert found == {("handler.py", "_handler_class"), ("server.py", "_exit")}
