"""Many clients that each do one thing at the same moment, and remember what they were told."""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.load import Ask


@dataclass(frozen=True)
class Told:
    """An answer: when it came, in seconds after all were sent off. Status 0: the connection broke."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float

    @property
    def data(self) -> Any:
        return json.loads(self.body)["data"]


def all_at_once(ports: Sequence[int], asks: Sequence[Ask], *, timeout: float = 120) -> list[Told]:
    """Each on a connection of its own that was open before. The answers in the order of the questions."""
    return asyncio.run(together(ports, asks, timeout))


async def together(ports: Sequence[int], asks: Sequence[Ask], timeout: float) -> list[Told]:
    # A few hundred at a time, so that it is not the queue of unaccepted connections that is measured.
    lines: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    for start in range(0, len(asks), 200):
        opening = (
            asyncio.open_connection("127.0.0.1", ports[number % len(ports)])
            for number in range(start, min(start + 200, len(asks)))
        )
        lines += await asyncio.gather(*opening)
    begun = time.monotonic()
    return await asyncio.gather(
        *(one(line, ask, begun, timeout) for line, ask in zip(lines, asks, strict=True))
    )


async def one(
    line: tuple[asyncio.StreamReader, asyncio.StreamWriter], ask: Ask, begun: float, timeout: float
) -> Told:
    reader, writer = line
    try:
        head = [
            f"{ask.method} {ask.path} HTTP/1.1",
            "Host: localhost",
            "Connection: close",
            *ask.headers,
        ]
        writer.write(("\r\n".join(head) + "\r\n\r\n").encode())
        answer = await asyncio.wait_for(reader.read(-1), timeout)
    except (OSError, TimeoutError):
        answer = b""
    finally:
        writer.close()
    seconds = time.monotonic() - begun
    top, _, body = answer.partition(b"\r\n\r\n")
    first, *rest = top.decode("latin1").split("\r\n")
    headers = dict(header.split(": ", 1) for header in rest)
    return Told(
        int(first.split()[1]) if first else 0,
        {name.lower(): value for name, value in headers.items()},
        body,
        seconds,
    )
