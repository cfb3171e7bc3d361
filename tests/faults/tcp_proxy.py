"""A TCP proxy on loopback, in a thread of its own, that can cut, hang and slow its connections."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from tests.support.smtp_server import free_port


class Proxy:
    """Listens on `port` and passes bytes on to the port `target`, as its mode says."""

    def __init__(self, target: int) -> None:
        self.target, self.port = target, free_port()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.open = asyncio.Event()
        self.delay = 0.0
        # How many bytes a client may still send until the proxy breaks; None: as many as it likes.
        self.allowed: int | None = None
        self.server: asyncio.Server | None = None
        self.running: set[asyncio.Task[Any]] = set()

    def start(self) -> None:
        self.thread.start()
        self.do(self.restore())

    def stop(self) -> None:
        self.do(self.close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)
        self.loop.close()

    # The modes

    def pass_on(self) -> None:
        """Pass everything on at once."""
        self.do(self.restore())

    def refuse(self) -> None:
        """Stop listening, and cut every connection."""
        self.do(self.close())

    def hang(self) -> None:
        """Accept and keep connections, and pass nothing on."""
        self.do(self.hold())

    def slow(self, seconds: float) -> None:
        """Delay everything by so many seconds in each direction."""
        self.do(self.restore(delay=seconds))

    def cut_after(self, size: int) -> None:
        """Cut every connection after its client has sent so many bytes."""
        self.do(self.restore(allowed=size))

    # On the loop

    def do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self.loop).result(10)

    async def restore(self, *, delay: float = 0.0, allowed: int | None = None) -> None:
        self.delay, self.allowed = delay, allowed
        self.open.set()
        if self.server is None:
            self.server = await asyncio.start_server(self.connect, "127.0.0.1", self.port)

    async def hold(self) -> None:
        await self.restore()
        self.open.clear()

    async def close(self) -> None:
        if self.server:
            self.server.close()
            self.server = None
        for task in self.running:
            task.cancel()
        await asyncio.gather(*self.running, return_exceptions=True)

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task: Any = asyncio.current_task()
        self.running.add(task)
        there: asyncio.StreamWriter | None = None
        try:
            await self.open.wait()
            back, there = await asyncio.open_connection("127.0.0.1", self.target)
            ways = {
                asyncio.ensure_future(self.carry(reader, there, self.allowed)),
                asyncio.ensure_future(self.carry(back, writer, None)),
            }
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self.running.discard(task)
            for end in (writer, there):
                if end is not None:
                    end.transport.abort()

    async def carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, allowed: int | None
    ) -> None:
        with suppress(OSError):
            while chunk := await reader.read(65536):
                if self.delay:
                    await asyncio.sleep(self.delay)
                await self.open.wait()
                if allowed is not None:
                    chunk, allowed = chunk[:allowed], allowed - len(chunk)
                writer.write(chunk)
                await writer.drain()
                if allowed is not None and allowed <= 0:
                    return


@contextmanager
def proxy_to(port: int) -> Iterator[Proxy]:
    """Run a proxy in front of the server on this port."""
    proxy = Proxy(port)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()
