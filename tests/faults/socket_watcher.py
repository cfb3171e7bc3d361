"""A client that keeps a live socket to one server open and remembers its last numbers."""

import asyncio
import json
import time
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException


class Watcher:
    def __init__(self, port: int, event_id: int) -> None:
        self.address = f"ws://127.0.0.1:{port}/ws/events/{event_id}/"
        self.last: dict[str, Any] = {}
        self.at = 0.0
        self.closed_with: list[int] = []

    async def watch(self) -> None:
        """Watch until cancelled, and reconnect whenever the connection is lost."""
        while True:
            try:
                async with connect(self.address, open_timeout=5) as socket:
                    async for message in socket:
                        self.last, self.at = json.loads(message), time.monotonic()
                if socket.close_code is not None:
                    self.closed_with.append(socket.close_code)
            except (OSError, WebSocketException):
                pass
            await asyncio.sleep(0.3)

    async def wait_for(self, wanted: dict[str, int], *, within: float) -> float:
        """Wait for these numbers. Returns the seconds they took; infinity if not in time."""
        began = time.monotonic()
        while time.monotonic() < began + within:
            if self.last and all(self.last[name] == number for name, number in wanted.items()):
                return max(0.0, self.at - began)
            await asyncio.sleep(0.05)
        return float("inf")
