"""Watching live numbers from inside the process, on a loop that hints and feeds take for the server's."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from django.db import connection

from events.live import feeds, notifications
from events.live.frames import Frame
from events.models import Event


def run(scenario: Callable[[], Awaitable[Any]]) -> Any:
    """The scenario's result. It finds a hub in which nobody watches yet."""
    before = feeds.hub, notifications.sender
    try:
        return asyncio.run(on_this_loop(scenario))
    finally:
        feeds.hub, notifications.sender = before
        feeds.database.submit(lambda: connection.close()).result()


async def on_this_loop(scenario: Callable[[], Awaitable[Any]]) -> Any:
    feeds.hub, notifications.sender = feeds.Hub(), notifications.Sender()
    notifications.sender.loop = asyncio.get_running_loop()
    return await asyncio.wait_for(scenario(), 30)


class Watching(feeds.Watcher):
    """Somebody who notes which numbers came, and when: confirmed, pending and checked in, in this order."""

    def __init__(self, event: Event) -> None:
        self.event = event
        self.seen: list[tuple[int, ...]] = []
        self.times: list[float] = []
        self.ended = asyncio.Event()
        feeds.hub.join(event, self)

    def show(self, frame: Frame) -> None:
        self.seen.append(frame.numbers[1:])
        self.times.append(time.monotonic())

    def end(self) -> None:
        self.leaves()
        self.ended.set()

    async def sees(self, numbers: tuple[int, ...], seconds: float = 5) -> None:
        until = time.monotonic() + seconds
        while not self.seen or self.seen[-1] != numbers:
            assert time.monotonic() < until, self.seen
            await asyncio.sleep(0.01)

    def leaves(self) -> None:
        feeds.hub.leave(self.event.pk, self)


async def on_a_thread(work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """As a request does it. The thread's database connection ends with it."""

    def call() -> Any:
        try:
            return work(*args, **kwargs)
        finally:
            connection.close()

    return await asyncio.to_thread(call)


async def link_is(up: bool) -> None:
    while feeds.hub.link.up != up:
        await asyncio.sleep(0.01)


async def link_is_up() -> None:
    """Hints arrive, and the look that everybody takes at that moment is over."""
    await link_is(True)
    await asyncio.sleep(2 * feeds.SPACING_SECONDS)


def change(event: Event, **numbers: int) -> None:
    """A change as services make it: committed, then hinted at."""
    Event.objects.filter(pk=event.pk).update(**numbers)
    notifications.hint(event.pk)
