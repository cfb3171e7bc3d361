"""What sockets cost a server, measured in a process of its own.

`socket_load.main(event_id)` prints JSON: what one socket costs, and what waits for a slow reader.
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

# It brings the event loop.
from eventflow.server import twisted_internals
from eventflow.server.server import Server, loop
from eventflow.server.websocket_connection import FRAME_BYTES, Socket
from events.live.frames import Frame
from events.models import Event

FEW, MANY = 5, 55
FRAMES = 400


def main(event_id: int) -> None:
    server = Server(asgi.application, host="127.0.0.1", port=0)
    port = server.listen()
    # After the run the interpreter ends, whatever the visitors do.
    threading.Thread(target=visit, args=(server, port, event_id), daemon=True).start()
    server.run(signals=False)


def visit(server: Server, port: int, event_id: int) -> None:
    answer: dict[str, Any] = {}
    try:
        with contextlib.ExitStack() as stack:
            visitors = [stack.enter_context(visitor(port, event_id)) for _ in range(FEW)]
            few = on_the_loop(costs(server))
            visitors += [stack.enter_context(visitor(port, event_id)) for _ in range(MANY - FEW)]
            many = on_the_loop(costs(server))
            answer["a_socket"] = {what: (many[what] - few[what]) / (MANY - FEW) for what in few}
        answer["slow"] = slow_reader(server, port, event_id)
    finally:
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
        loop.call_soon_threadsafe(server.stop)


def slow_reader(server: Server, port: int, event_id: int) -> dict[str, Any]:
    """What waits for a client that reads nothing, and what it gets at last."""
    ours = visitor(port, event_id)
    waiting = on_the_loop(frames_for(one_socket(server), event_id))
    return {
        "bytes_waiting": waiting,
        "bytes_allowed": FRAME_BYTES,
        "offered": FRAMES,
        "seen_last": last_message(ours)["pending_count"],
    }


def one_socket(server: Server) -> Socket:
    open_ones = [
        protocol
        for protocol in server.connections
        if isinstance(protocol, Socket) and protocol.state == protocol.STATE_OPEN
    ]
    return open_ones[-1]


async def frames_for(ours: Socket, event_id: int) -> int:
    """The most bytes that ever waited in this process. From here on we are the socket's feed."""
    ours.server.feeds.unsubscribe(event_id, ours)
    ours.subscribed_to = None
    ours.transport.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    most = 0
    for number in range(1, FRAMES + 1):
        ours.offer(Frame(Event(pk=event_id, seats_limit=1, pending_count=number)), repeat=False)
        await asyncio.sleep(0)
        most = max(most, twisted_internals.unsent_bytes(ours.transport))
    return most


def visitor(port: int, event_id: int) -> socket.socket:
    """Has had its first message, and takes in little."""
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
    ]
    ours.sendall(
        "\r\n".join([*lines, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "\r\n"]).encode()
    )
    said = b""
    while b"}" not in said:
        said += ours.recv(4096)
    return ours


def last_message(ours: socket.socket) -> dict[str, Any]:
    """Reads until nothing has come for a second."""
    said, until = b"", time.monotonic() + 10
    ours.settimeout(1)
    with contextlib.suppress(TimeoutError):
        while time.monotonic() < until:
            said += ours.recv(65536)
    return json.loads(said[said.rindex(b"{") : said.rindex(b"}") + 1])


async def costs(server: Server) -> dict[str, int]:
    """What there is, when all that is done with is gone."""
    # Daphne looks every second for applications that have ended.
    await asyncio.sleep(1.5)
    gc.collect()
    return {
        "tasks": len(asyncio.all_tasks()),
        "connections": len(server.connections),
        "objects": len(gc.get_objects()),
    }


def on_the_loop(work: Any) -> Any:
    return asyncio.run_coroutine_threadsafe(work, loop).result(30)
