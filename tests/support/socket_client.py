"""A client of an event's live socket at a running server."""

import json
import socket
from typing import Any

import pytest
from django.test import Client
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.support.server_process import Site

PATIENCE_SECONDS = 60


def watch(
    site: Site, event: Any, *, query: str = "", by: Any = None, **headers: str
) -> ClientConnection:
    """Open the live socket of this event (or of this id), logged in as `by` if given."""
    if by is not None:
        headers["Cookie"] = f"sessionid={session_of(by)}"
    return connect(
        f"ws://127.0.0.1:{site.port}/ws/events/{getattr(event, 'pk', event)}/{query}",
        additional_headers=headers,
        open_timeout=PATIENCE_SECONDS,
    )


def session_of(person: Any) -> str:
    client = Client()
    client.force_login(person)
    return client.cookies["sessionid"].value


def counts(ours: ClientConnection) -> dict[str, Any]:
    """The counts in the next frame of a socket that gets JSON."""
    return json.loads(ours.recv(timeout=PATIENCE_SECONDS))


def close_code(ours: ClientConnection) -> int:
    """Read until the server closes the socket. Returns the code that it gives."""
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            ours.recv(timeout=PATIENCE_SECONDS)
    assert closed.value.rcvd, "the connection was lost without a code"
    return closed.value.rcvd.code


def handshake(site: Site, event: Any, *headers: bytes) -> socket.socket:
    """Open a live socket by hand, for tests that break the protocol.

    If `headers` are given, they replace "Host", and the server's answer is not read yet.
    """
    ours = socket.create_connection(("127.0.0.1", site.port), timeout=PATIENCE_SECONDS)
    lines = (
        f"GET /ws/events/{event.pk}/ HTTP/1.1".encode(),
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Version: 13",
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        *(headers or (b"Host: localhost",)),
    )
    ours.sendall(b"\r\n".join((*lines, b"", b"")))
    if not headers:
        assert ours.recv(4096).startswith(b"HTTP/1.1 101")
    return ours
