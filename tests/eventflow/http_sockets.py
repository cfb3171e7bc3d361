"""Plain sockets to our server: what they send, read and cut."""

import http.client
import socket
import struct

MEGABYTE = 1024 * 1024


def first_line(ours):
    return ours.makefile("rb").readline().decode().strip()


def length_of(ours):
    """How long the body is that comes over this socket, read to its proper end."""
    answer = http.client.HTTPResponse(ours)
    answer.begin()
    assert answer.status == 200
    length = 0
    while part := answer.read(MEGABYTE):
        length += len(part)
    return length


def cut(ours):
    """Go away without a word, as a lost phone does when its system resets the connection."""
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    ours.close()
