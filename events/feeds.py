"""Live numbers inside a web process: one feed an event, however many people watch it.

A feed waits for a hint or its heartbeat, reads the event's row once, and offers the same frame to every watcher. All of it runs on
the server's loop, except the reading, which has one thread and so one database connection.
"""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

from django.db import DatabaseError, InterfaceError, close_old_connections
from django.template.loader import render_to_string

from eventflow.observability import Outage
from events.link import Link
from events.models import Event

logger = logging.getLogger(__name__)

FIELDS = ("seats_limit", "confirmed_count", "pending_count", "checked_in_count")
DATABASE_ERRORS = (DatabaseError, InterfaceError)
# At most four messages a second, and the last state within half a second of its commit.
SPACING_SECONDS = 0.25
HEARTBEAT_SECONDS = 15.0
# How often the row is read unasked while hints can't be trusted to arrive.
POLL_SECONDS = 2.0
# How long to wait after the first, second … failed reading of the database.
BACK_OFF_SECONDS = (1, 2, 4, 8)


async def watch(event: Event) -> AsyncGenerator["Frame"]:
    """The event's numbers now (as `event` has them), then each change and heartbeat, as fast as the caller takes them.

    Ends when the event is no more. Close the iterator (contextlib.aclosing) to stop watching.
    """
    watcher = Watcher(Frame(event))
    hub.join(event.pk, watcher)
    try:
        frame: Frame | None = watcher.frame
        while frame is not None:
            yield frame
            frame = await watcher.next()
    finally:
        hub.leave(event.pk, watcher)


class Frame:
    """The numbers of one moment, written out once for everybody."""

    def __init__(self, event: Event) -> None:
        self.event = event
        self.numbers = tuple(getattr(event, name) for name in FIELDS)

    @cached_property
    def json(self) -> str:
        event = self.event
        return json.dumps(
            {
                "type": "metrics",
                "event_id": event.pk,
                "confirmed_count": event.confirmed_count,
                "pending_count": event.pending_count,
                "checked_in_count": event.checked_in_count,
                "spots_left": event.spots_left,
            }
        )

    @cached_property
    def html(self) -> str:
        return render_to_string("events/_live.html", {"event": self.event})


class Watcher:
    """One socket's view: the newest frame it has not sent yet. A slow reader skips frames and keeps nobody waiting."""

    def __init__(self, first: Frame) -> None:
        self.frame: Frame | None = first
        self.numbers = first.numbers
        self.news = asyncio.Event()

    def offer(self, frame: Frame, *, repeat: bool) -> None:
        if repeat or frame.numbers != self.numbers:
            self.frame, self.numbers = frame, frame.numbers
            self.news.set()

    def end(self) -> None:
        self.frame = None
        self.news.set()

    async def next(self) -> Frame | None:
        await self.news.wait()
        self.news.clear()
        return self.frame


class Feed:
    """Reads one event's numbers whenever there is a reason to, and offers them to all who watch."""

    def __init__(self, event_id: int, link: Link) -> None:
        self.event_id, self.link = event_id, link
        self.watchers: set[Watcher] = set()
        self.hinted = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled, or until the event is no more."""
        now = asyncio.get_running_loop().time
        heartbeat = now() + HEARTBEAT_SECONDS
        while True:
            await self.reason(patience=heartbeat - now())
            frame = await read(self.event_id)
            if frame is None:
                return self.end()
            is_heartbeat = now() >= heartbeat
            if is_heartbeat:
                heartbeat = now() + HEARTBEAT_SECONDS
            for watcher in self.watchers:
                watcher.offer(frame, repeat=is_heartbeat)
            await asyncio.sleep(SPACING_SECONDS)

    async def reason(self, *, patience: float) -> None:
        """Wait for a hint, for `patience` seconds at most, and less while the link is down."""
        if not self.link.up:
            patience = min(patience, POLL_SECONDS)
        try:
            await asyncio.wait_for(self.hinted.wait(), max(patience, 0))
        except TimeoutError:
            return
        self.hinted.clear()

    def end(self) -> None:
        for watcher in self.watchers:
            watcher.end()


class Hub:
    """The feeds of this process: each lives as long as somebody watches."""

    def __init__(self) -> None:
        self.feeds: dict[int, Feed] = {}
        self.tasks: dict[int, asyncio.Task[None]] = {}
        self.link = Link(on_hint=self.wake)

    def join(self, event_id: int, watcher: Watcher) -> None:
        if event_id not in self.feeds:
            self.feeds[event_id] = feed = Feed(event_id, self.link)
            self.tasks[event_id] = asyncio.ensure_future(feed.run())
            self.link.want(event_id)
        self.feeds[event_id].watchers.add(watcher)
        # The numbers may have changed between the watcher's own look and now.
        self.wake(event_id)

    def leave(self, event_id: int, watcher: Watcher) -> None:
        self.feeds[event_id].watchers.discard(watcher)
        if not self.feeds[event_id].watchers:
            del self.feeds[event_id]
            self.tasks.pop(event_id).cancel()
            self.link.forget(event_id)

    def wake(self, event_id: int) -> None:
        if event_id in self.feeds:
            self.feeds[event_id].hinted.set()


hub = Hub()
database = ThreadPoolExecutor(1, thread_name_prefix="numbers")
outage = Outage(logger, "database, live numbers")


async def read(event_id: int) -> Frame | None:
    """The numbers as they are. While the database is away, ask again and again, less and less often."""
    attempt = 0
    while True:
        try:
            event = await asyncio.get_running_loop().run_in_executor(database, look, event_id)
        except DATABASE_ERRORS as error:
            outage.began(error)
            await asyncio.sleep(BACK_OFF_SECONDS[min(attempt, len(BACK_OFF_SECONDS) - 1)])
            attempt += 1
        else:
            outage.ended()
            return Frame(event) if event else None


def look(event_id: int) -> Event | None:
    close_old_connections()
    return Event.objects.only(*FIELDS).filter(pk=event_id).first()
