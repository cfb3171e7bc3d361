"""Live metrics in the test's own process, on an event loop in the place of the server's."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from django.db import OperationalError, connection

from events.live import feeds, notifications
from events.live.frames import Frame
from events.live.subscribers import Subscriber
from events.models import Event


class LiveMetrics:
    """The live metrics of a web process, made anew; `queries` counts what its feeds ask."""

    def __init__(self) -> None:
        self.feeds = feeds.FeedRegistry()
        self.queries = Queries()
        self.thread = self.feeds.reader.thread
        self.thread.submit(lambda: connection.execute_wrappers.append(self.queries)).result()

    def close(self) -> None:
        self.thread.submit(lambda: connection.close()).result()
        self.thread.shutdown()

    def subscribe(self, event: Event) -> "Recorder":
        """A new subscriber of this event, which begins with what `event` says."""
        recorder = Recorder(self.feeds, event)
        self.feeds.subscribe(Frame(event), recorder)
        return recorder

    async def channel_is(self, *, up: bool) -> None:
        while self.feeds.channel.is_up != up:
            await asyncio.sleep(0.01)

    async def channel_is_up(self) -> None:
        """Wait until notifications arrive and the reading that each feed does then is over."""
        await self.channel_is(up=True)
        await asyncio.sleep(2 * feeds.SPACING_SECONDS)


class Queries:
    """Counts the statements that a database connection executes, or refuses them."""

    count, refuse = 0, False

    def __call__(self, execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        self.count += 1
        if self.refuse:
            raise OperationalError("the database is away")
        return execute(sql, params, many, context)


class Recorder(Subscriber):
    """Records the counts that it is sent (confirmed, pending, checked in) and when they came."""

    def __init__(self, registry: feeds.FeedRegistry, event: Event) -> None:
        self.registry, self.event = registry, event
        self.received: list[tuple[int, ...]] = []
        self.times: list[float] = []
        self.is_closed = asyncio.Event()

    def deliver(self, frame: Frame) -> None:
        self.received.append(frame.counts[1:])
        self.times.append(time.monotonic())

    def close_not_found(self) -> None:
        self.unsubscribe()
        self.is_closed.set()

    async def receives(self, counts: tuple[int, ...], seconds: float = 5) -> None:
        until = time.monotonic() + seconds
        while not self.received or self.received[-1] != counts:
            assert time.monotonic() < until, self.received
            await asyncio.sleep(0.01)

    def unsubscribe(self) -> None:
        self.registry.unsubscribe(self.event.pk, self)


def run(scenario: Callable[[LiveMetrics], Awaitable[Any]]) -> Any:
    """Run the scenario with new live metrics, for at most 30 s. Returns its result."""
    before = notifications.notifier
    try:
        return asyncio.run(run_on_this_loop(scenario))
    finally:
        notifications.notifier = before


async def run_on_this_loop(scenario: Callable[[LiveMetrics], Awaitable[Any]]) -> Any:
    notifications.notifier = notifications.Notifier(asyncio.get_running_loop())
    live = LiveMetrics()
    try:
        return await asyncio.wait_for(scenario(live), 30)
    finally:
        live.close()


async def in_thread(work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call `work` in another thread, as a request does, and close that thread's connection."""

    def call() -> Any:
        try:
            return work(*args, **kwargs)
        finally:
            connection.close()

    return await asyncio.to_thread(call)


def change(event: Event, **counts: int) -> None:
    """Change the counts of the event as services do: commit, then notify."""
    Event.objects.filter(pk=event.pk).update(**counts)
    notifications.notify(event.pk)
