"""Many clients that each send one request at the same moment."""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.load import Request


@dataclass(frozen=True)
class Answer:
    """An answer, so many seconds after all requests were sent. Status 0: the connection broke."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float

    @property
    def data(self) -> Any:
        return json.loads(self.body)["data"]


def all_at_once(
    ports: Sequence[int], requests: Sequence[Request], *, timeout: float = 120
) -> list[Answer]:
    """Send each request on a connection of its own, open before; the answers in the same order."""
    return asyncio.run(send_all(ports, requests, timeout))


async def send_all(
    ports: Sequence[int], requests: Sequence[Request], timeout: float
) -> list[Answer]:
    # A few hundred at a time, so that the queue of unaccepted connections is not measured.
    lines: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    for start in range(0, len(requests), 200):
        opening = (
            asyncio.open_connection("127.0.0.1", ports[number % len(ports)])
            for number in range(start, min(start + 200, len(requests)))
        )
        lines += await asyncio.gather(*opening)
    begun = time.monotonic()
    return await asyncio.gather(
        *(
            send_one(line, request, begun, timeout)
            for line, request in zip(lines, requests, strict=True)
        )
    )


async def send_one(
    line: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    request: Request,
    begun: float,
    timeout: float,
) -> Answer:
    reader, writer = line
    try:
        head = [
            f"{request.method} {request.path} HTTP/1.1",
            "Host: localhost",
            "Connection: close",
            *request.headers,
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
    return Answer(
        int(first.split()[1]) if first else 0,
        {name.lower(): value for name, value in headers.items()},
        body,
        seconds,
    )
