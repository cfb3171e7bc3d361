"""Thousands of sockets on one event, held by one process of their own.

`SocketClients` is the handle of that process, which takes one command a line on stdin and answers
each with one line of JSON. Times are seconds of the monotonic clock, which all processes share.
"""

import asyncio
import base64
import json
import os
import random
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import cycle
from typing import Any, NamedTuple

TEXT, PING, PONG = 0x81, 0x89, 0x8A
PATIENCE_SECONDS = 60
# How many shake hands at the same moment while nothing presses.
AT_ONCE = 200
# When a page comes back whose connection was cut (static/js/live.js), and after a refusal.
BACK_SECONDS = (0.5, 3.0)
RETRY_SECONDS = 0.5
# A port of ours serves once an address: so many sockets share one of 127.0.0.x.
SOCKETS_AN_ADDRESS = 20_000


class Seen(NamedTuple):
    """What one socket received since the last call.

    `first`, `last`: when the first and the last message came. `pending`: the pending reservations
    by the newest state, and `received`: when that state came.
    """

    messages: int
    first: float
    last: float
    pending: int
    received: float

    @property
    def rate(self) -> float:
        """Messages a second."""
        return (self.messages - 1) / (self.last - self.first) if self.messages > 1 else 0.0


class SocketClients:
    """So many sockets at `path`, on these ports by turns; gone when left."""

    def __init__(self, path: str, ports: list[int]) -> None:
        words = [sys.executable, "-m", "bench.socket_clients", path, *map(str, ports)]
        self.process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> "SocketClients":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.process.kill()
        self.process.wait()

    def open(self, sockets: int) -> float:
        """So many more. Returns the seconds until all had their first message."""
        self.command("open", sockets)
        return self.answer()

    def take(self) -> list[Seen]:
        self.command("take")
        return [Seen(*one) for one in self.answer()]

    def cut(self, *, then: Callable[[], Any], waiting: int) -> float:
        """Reset every connection and call `then`; all come back as our pages do.

        Returns the seconds until every socket knows that so many are pending, or the time limit.
        """
        self.command("cut")
        self.answer()
        then()
        self.command("back", waiting)
        return self.answer()

    def command(self, *words: Any) -> None:
        print(*words, file=self.process.stdin, flush=True)

    def answer(self) -> Any:
        line = self.process.stdout.readline() if self.process.stdout else ""
        if not line:
            raise SystemExit("The process with the sockets has ended.")
        return json.loads(line)


class SocketClient(asyncio.Protocol):
    """One socket, as a browser has it: shakes hands, notes what comes, answers pings."""

    def __init__(self, pool: "SocketPool") -> None:
        self.pool = pool
        self.buffer = b""
        self.is_open = self.is_gone = False
        self.newest, self.received = b"", 0.0
        # The first message is here, or none will come.
        self.settled = asyncio.Event()
        self.reset()

    def reset(self) -> None:
        self.messages = 0
        self.first = self.last = 0.0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        lines = [
            f"GET {self.pool.path} HTTP/1.1",
            "Host: localhost",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
        ]
        transport.write(
            "\r\n".join(
                [*lines, f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}", "\r\n"]
            ).encode()
        )

    def data_received(self, data: bytes) -> None:
        data = self.buffer + data
        if not self.is_open:
            head, end, rest = data.partition(b"\r\n\r\n")
            if end and not head.startswith(b"HTTP/1.1 101"):
                return self.transport.abort()
            self.is_open, data = bool(end), rest if end else data
        while self.is_open and len(data) >= 2:
            size, start = (
                (data[1], 2)
                if data[1] < 126
                else (struct.unpack_from("!H", data.ljust(4, b"\xff"), 2)[0], 4)
            )
            if len(data) < start + size:
                break
            self.frame(data[0], data[start : start + size])
            data = data[start + size :]
        self.buffer = data

    def frame(self, kind: int, payload: bytes) -> None:
        if kind == PING:
            # Masked with zeros.
            self.transport.write(struct.pack("!BBI", PONG, 0x80 | len(payload), 0) + payload)
        elif kind == TEXT:
            self.last = time.monotonic()
            self.first = self.first or self.last
            self.messages += 1
            self.settled.set()
            if payload != self.newest:
                self.newest, self.received = payload, self.last
                self.pool.note(payload)

    def connection_lost(self, error: Exception | None) -> None:
        self.is_gone = True
        self.settled.set()
        self.pool.open.discard(self)


class SocketPool:
    """All sockets of this process."""

    def __init__(self, path: str, ports: list[int]) -> None:
        self.path, self.ports = path, cycle(ports)
        self.open: set[SocketClient] = set()
        self.count = 0
        self.awaited, self.informed = b"\n", 0

    def note(self, payload: bytes) -> None:
        self.informed += self.awaited in payload

    async def watch(self, number: int, gate: asyncio.Semaphore, *, pause: float = 0) -> None:
        """Until the first message is here."""
        await asyncio.sleep(pause)
        async with gate:
            while not await self.try_to(
                f"127.0.0.{1 + number // SOCKETS_AN_ADDRESS}", next(self.ports)
            ):
                await asyncio.sleep(RETRY_SECONDS)

    async def try_to(self, source: str, port: int) -> bool:
        ours = socket.socket()
        ours.setblocking(False)
        client = SocketClient(self)
        try:
            # The kernel chooses the port when it knows the other end: to find one that is free for
            # every other end takes ever longer.
            ours.setsockopt(socket.IPPROTO_IP, socket.IP_BIND_ADDRESS_NO_PORT, 1)
            ours.bind((source, 0))
            await asyncio.get_running_loop().sock_connect(ours, ("127.0.0.1", port))
            await asyncio.get_running_loop().create_connection(lambda: client, sock=ours)
        except OSError:
            ours.close()
            return False
        await client.settled.wait()
        if not client.is_gone:
            self.open.add(client)
        return not client.is_gone

    async def open_more(self, count: int, *, at_once: int, come_back: bool = False) -> float:
        begun, gate = time.monotonic(), asyncio.Semaphore(at_once)
        pauses = [random.uniform(*BACK_SECONDS) if come_back else 0 for _ in range(count)]
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.gather(
                *(self.watch(number, gate, pause=pause) for number, pause in enumerate(pauses))
            )
        return time.monotonic() - begun

    def cut(self) -> int:
        self.count = len(self.open)
        for client in list(self.open):
            client.transport.abort()
        return self.count

    async def back(self, waiting: int) -> float:
        begun = time.monotonic()
        self.awaited, self.informed = b'"pending_count": %d,' % waiting, 0
        try:
            await self.open_more(self.count, at_once=self.count, come_back=True)
        except TimeoutError:
            return time.monotonic() - begun
        while self.informed < self.count and time.monotonic() < begun + PATIENCE_SECONDS:
            await asyncio.sleep(0.01)
        return time.monotonic() - begun

    def take(self) -> list[Seen]:
        seen = [
            Seen(
                one.messages,
                one.first,
                one.last,
                json.loads(one.newest)["pending_count"],
                one.received,
            )
            for one in self.open
        ]
        for one in self.open:
            one.reset()
        return seen

    async def do(self, what: str, *numbers: str) -> Any:
        if what == "open":
            return await self.open_more(int(*numbers), at_once=AT_ONCE)
        if what == "back":
            return await self.back(int(*numbers))
        return {"take": self.take, "cut": self.cut}[what]()


async def main(path: str, *ports: str) -> None:
    pool = SocketPool(path, [int(port) for port in ports])
    while words := (await asyncio.to_thread(sys.stdin.readline)).split():
        print(json.dumps(await pool.do(*words)), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
