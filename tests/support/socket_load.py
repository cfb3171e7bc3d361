"""Measures in a process of its own what live sockets cost a server.

`socket_load.main(event_id)` prints JSON: `per_socket`, the resources of one socket, and
`slow_reader`, what waits in the server for a client that does not read.
"""

import asyncio
import contextlib
import gc
import json
import socket
import sys
import threading
import time
from typing import Any

from eventflow import asgi
from eventflow.server import twisted_internals  # installs the event loop
from eventflow.server.server import Server, loop
from eventflow.server.websocket_connection import FRAME_BYTES, Socket
from events.live.frames import Frame
from events.models import Event

FEW, MANY = 5, 55
FRAMES = 400


def main(event_id: int) -> None:
    server = Server(asgi.application, host="127.0.0.1", port=0)
    port = server.listen()
    # A daemon: the interpreter ends after the run, whatever the clients do.
    threading.Thread(target=measure, args=(server, port, event_id), daemon=True).start()
    server.run(signals=False)


def measure(server: Server, port: int, event_id: int) -> None:
    """Print what sockets cost this server, and stop it."""
    answer: dict[str, Any] = {}
    try:
        with contextlib.ExitStack() as stack:
            for _ in range(FEW):
                stack.enter_context(open_socket(port, event_id))
            few = run_on_loop(count_resources(server))
            for _ in range(MANY - FEW):
                stack.enter_context(open_socket(port, event_id))
            many = run_on_loop(count_resources(server))
            answer["per_socket"] = {what: (many[what] - few[what]) / (MANY - FEW) for what in few}
        answer["slow_reader"] = slow_reader(server, port, event_id)
    finally:
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
        loop.call_soon_threadsafe(server.stop)


def slow_reader(server: Server, port: int, event_id: int) -> dict[str, Any]:
    """Measure what waits for a client that reads nothing, and which count it reads last."""
    ours = open_socket(port, event_id)
    waiting = run_on_loop(send_frames(newest_socket(server), event_id))
    return {
        "bytes_waiting": waiting,
        "bytes_allowed": FRAME_BYTES,
        "offered": FRAMES,
        "seen_last": last_message(ours)["pending_count"],
    }


def newest_socket(server: Server) -> Socket:
    open_sockets = [
        protocol
        for protocol in server.connections
        if isinstance(protocol, Socket) and protocol.state == protocol.STATE_OPEN
    ]
    return open_sockets[-1]


async def send_frames(ours: Socket, event_id: int) -> int:
    """Send frames to this socket in place of its feed. Returns the most bytes that waited."""
    ours.server.feeds.unsubscribe(event_id, ours)
    ours.subscribed_to = None
    ours.transport.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    most = 0
    for number in range(1, FRAMES + 1):
        ours.offer(Frame(Event(pk=event_id, seats_limit=1, pending_count=number)), repeat=False)
        await asyncio.sleep(0)
        most = max(most, twisted_internals.unsent_bytes(ours.transport))
    return most


def open_socket(port: int, event_id: int) -> socket.socket:
    """Open a live socket with a small receive buffer, and read its first message."""
    ours = socket.socket()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    ours.settimeout(10)
    ours.connect(("127.0.0.1", port))
    lines = [
        f"GET /ws/events/{event_id}/ HTTP/1.1",
        "Host: localhost",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]
    ours.sendall("\r\n".join([*lines, "\r\n"]).encode())
    received = b""
    while b"}" not in received:
        received += ours.recv(4096)
    return ours


def last_message(ours: socket.socket) -> dict[str, Any]:
    """Read until nothing has come for a second. Returns the last message."""
    received, until = b"", time.monotonic() + 10
    ours.settimeout(1)
    with contextlib.suppress(TimeoutError):
        while time.monotonic() < until:
            received += ours.recv(65536)
    return json.loads(received[received.rindex(b"{") : received.rindex(b"}") + 1])


async def count_resources(server: Server) -> dict[str, int]:
    """Count tasks, connections and objects, once the unused ones are gone."""
    # Daphne looks every second for applications that have ended.
    await asyncio.sleep(1.5)
    gc.collect()
    return {
        "tasks": len(asyncio.all_tasks()),
        "connections": len(server.connections),
        "objects": len(gc.get_objects()),
    }


def run_on_loop(work: Any) -> Any:
    """Run this coroutine on the server's loop. Returns its result."""
    return asyncio.run_coroutine_threadsafe(work, loop).result(30)
