"""Live numbers inside a web process: one feed an event, however many people watch it.

A feed waits for a hint or its heartbeat, reads the event's row once, and offers the same frame to every watcher. All of it runs on
the server's loop, except the reading, which has one thread and so one database connection.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import batched
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError, InterfaceError, close_old_connections
from django.db.models import QuerySet

from eventflow.observability import Outage
from events.live.channel import Link
from events.live.frames import FIELDS, Frame
from events.models import Event
from events.permissions import visible_events

logger = logging.getLogger(__name__)

# The close code of a socket whose event is not, or no longer, to be seen.
NOT_FOUND = 4404
DATABASE_ERRORS = (DatabaseError, InterfaceError)
# At most four messages a second, and the last state within half a second of its commit.
SPACING_SECONDS = 0.25
HEARTBEAT_SECONDS = 15.0
# How often the row is read unasked while hints can't be trusted to arrive; and while they can, because a cut shorter than the time
# between two probes heals unnoticed, and takes a hint with it.
POLL_SECONDS, LOOK_SECONDS = 2.0, 5.0
# How many watchers are told at a stretch. A request waits that long: some milliseconds.
BATCH = 200
# A watcher has nothing to say: a few small frames, pings included, are let pass.
FRAMES_IN_A_WINDOW = 40
WINDOW_SECONDS = 10.0
NO_BINARY, TOO_MANY = 1003, 1008
# How long to wait after the first, second … failed reading of the database.
BACK_OFF_SECONDS = (1, 2, 4, 8)


class Watcher:
    """One who watches. A slow one skips to the newest frame and keeps nobody waiting; its door says what `show` and `end` do, at once."""

    # Where it comes from, as `eventflow.core.addresses.neighbourhood` says it; empty: nobody knows.
    origin = ""
    # What it said in this window of time, and when the window ends.
    frames, window_ends = 0, 0.0

    # The newest frame it was offered, and the one that goes out when there is room again.
    newest: Frame | None = None
    put_off: Frame | None = None
    is_full = False

    def offer(self, frame: Frame, *, repeat: bool) -> None:
        if repeat or self.newest is None or frame.numbers != self.newest.numbers:
            self.newest = frame
            if self.is_full:
                self.put_off = frame
            else:
                self.show(frame)

    def wait(self) -> None:
        self.is_full = True

    def go_on(self) -> None:
        self.is_full = False
        frame, self.put_off = self.put_off, None
        if frame is not None:
            self.show(frame)

    def says_too_much(self) -> bool:
        """Count a frame that it sent; whether there were too many of late."""
        now = asyncio.get_running_loop().time()
        if now > self.window_ends:
            self.frames, self.window_ends = 0, now + WINDOW_SECONDS
        self.frames += 1
        return self.frames > FRAMES_IN_A_WINDOW

    def show(self, frame: Frame) -> None:
        raise NotImplementedError

    def end(self) -> None:
        """The event is no more."""
        raise NotImplementedError


class Feed:
    """Reads one event's numbers whenever there is a reason to, and offers them to all who watch."""

    def __init__(self, event_id: int, link: Link) -> None:
        self.event_id, self.link = event_id, link
        self.watchers: set[Watcher] = set()
        self.hinted = asyncio.Event()
        self.newest: Frame | None = None

    def frame_of(self, event: Event) -> Frame:
        """What `event` says, without writing it out again if everybody has just been told the same."""
        frame = Frame(event)
        if self.newest is None or self.newest.numbers != frame.numbers:
            return frame
        return self.newest

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
            self.newest = frame
            await self.tell(frame, repeat=is_heartbeat)
            await asyncio.sleep(SPACING_SECONDS)

    async def tell(self, frame: Frame, *, repeat: bool) -> None:
        """Offer it to all, and let the requests have their turn every now and then."""
        for some in batched(list(self.watchers), BATCH, strict=False):
            for watcher in some:
                watcher.offer(frame, repeat=repeat)
            await asyncio.sleep(0)

    async def reason(self, *, patience: float) -> None:
        """Wait for a hint, for `patience` seconds at most, and until it is time to look unasked."""
        patience = min(patience, LOOK_SECONDS if self.link.up else POLL_SECONDS)
        try:
            await asyncio.wait_for(self.hinted.wait(), max(patience, 0))
        except TimeoutError:
            return
        self.hinted.clear()

    def end(self) -> None:
        for watcher in list(self.watchers):
            watcher.end()


class Hub:
    """The feeds of this process: each lives as long as somebody watches."""

    def __init__(self) -> None:
        self.feeds: dict[int, Feed] = {}
        self.tasks: dict[int, asyncio.Task[None]] = {}
        # How many watch from where.
        self.origins: Counter[str] = Counter()
        self.link = Link(on_hint=self.wake)

    def join(self, event: Event, watcher: Watcher) -> None:
        """Offer it the event's numbers now (as `event` has them), then each change and heartbeat, until it leaves."""
        if event.pk not in self.feeds:
            self.feeds[event.pk] = feed = Feed(event.pk, self.link)
            self.tasks[event.pk] = asyncio.ensure_future(feed.run())
            self.link.want(event.pk)
        feed = self.feeds[event.pk]
        feed.watchers.add(watcher)
        self.origins[watcher.origin] += 1
        watcher.offer(feed.frame_of(event), repeat=True)
        # The numbers may have changed between the watcher's own look and now.
        self.wake(event.pk)

    def leave(self, event_id: int, watcher: Watcher) -> None:
        self.feeds[event_id].watchers.discard(watcher)
        self.origins[watcher.origin] -= 1
        if not self.origins[watcher.origin]:
            del self.origins[watcher.origin]
        if not self.feeds[event_id].watchers:
            del self.feeds[event_id]
            self.tasks.pop(event_id).cancel()
            self.link.forget(event_id)

    def has_room_for(self, origin: str) -> bool:
        """Whether one more may watch from there: a whole hall behind one address may, a flood may not."""
        limit = settings.SOCKETS_PER_ADDRESS if settings.RATE_LIMITS else 0
        return not (limit and origin) or self.origins[origin] < limit

    def wake(self, event_id: int) -> None:
        if event_id in self.feeds:
            self.feeds[event_id].hinted.set()


hub = Hub()
database = ThreadPoolExecutor(1, thread_name_prefix="numbers")
outage = Outage(logger, "database, live numbers")
readings: dict[int, asyncio.Future[Event | None]] = {}


async def read(event_id: int) -> Frame | None:
    """The numbers as they are. While the database is away, ask again and again, less and less often."""
    attempt = 0
    while True:
        try:
            event = await on_the_thread(look, Event.objects.all(), event_id)
        except DATABASE_ERRORS as error:
            outage.began(error)
            await asyncio.sleep(BACK_OFF_SECONDS[min(attempt, len(BACK_OFF_SECONDS) - 1)])
            attempt += 1
        else:
            outage.ended()
            return Frame(event) if event else None


async def look_for_anybody(event_id: int) -> Event | None:
    """The event, if whoever comes along may see it. All who ask while somebody's reading is under way share that one."""
    if event_id not in readings:
        readings[event_id] = reading = asyncio.ensure_future(
            on_the_thread(look, visible_events(AnonymousUser()), event_id)
        )
        reading.add_done_callback(lambda _: readings.pop(event_id))
    return await asyncio.shield(readings[event_id])


async def on_the_thread(work: Callable[..., Event | None], *args: Any) -> Event | None:
    return await asyncio.get_running_loop().run_in_executor(database, work, *args)


def look(events: QuerySet[Event], event_id: int) -> Event | None:
    close_old_connections()
    return events.only(*FIELDS).filter(pk=event_id).first()
