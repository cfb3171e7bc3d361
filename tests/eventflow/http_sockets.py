"""Plain sockets to our server: what they send, read and cut."""

import http.client
import socket
import struct
from contextlib import AbstractContextManager
from pathlib import Path

from tests.support.server_process import Site, serving

MEGABYTE = 1024 * 1024


def serving_slow_pages(log: Path) -> AbstractContextManager[Site]:
    """Run a server with the pages of tests/support/http_site.py beside the product's."""
    return serving(log, DJANGO_SETTINGS_MODULE="tests.support.http_settings", REDIS_URL="")


def first_line(ours: socket.socket) -> str:
    return ours.makefile("rb").readline().decode().strip()


def length_of(ours: socket.socket) -> int:
    """Read an answer to its end. Returns the length of its body in bytes."""
    answer = http.client.HTTPResponse(ours)
    answer.begin()
    assert answer.status == 200
    length = 0
    while part := answer.read(MEGABYTE):
        length += len(part)
    return length


def cut(ours: socket.socket) -> None:
    """Reset the connection, as the system of a lost phone does."""
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    ours.close()
