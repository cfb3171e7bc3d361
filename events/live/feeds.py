"""Live metrics inside a web process: one feed an event, however many sockets are subscribed.

A feed waits for a notification or its heartbeat, reads the event's row once, and offers the same
frame to every subscriber. All of it runs on the server's loop, except the reading.
"""

import asyncio
from collections import Counter
from itertools import batched

from django.conf import settings

from events.live.channel import ChannelSubscription
from events.live.frames import Frame
from events.live.reader import EventReader
from events.live.subscribers import Subscriber

# At most four messages a second, and the last state within half a second of its commit.
SPACING_SECONDS = 0.25
HEARTBEAT_SECONDS = 15.0
# How often the row is read unasked: while notifications can't be relied on, and while they can,
# because a cut shorter than the time between two probes heals unnoticed, and loses notifications.
POLL_SECONDS, RELIABLE_POLL_SECONDS = 2.0, 5.0
# How many subscribers are offered a frame at a stretch. A request waits that long: milliseconds.
BATCH = 200


class MetricsFeed:
    """Reads one event's counts when there is a reason to, and offers them to all subscribers."""

    def __init__(self, event_id: int, channel: ChannelSubscription, reader: EventReader) -> None:
        self.event_id, self.channel, self.reader = event_id, channel, reader
        self.subscribers: set[Subscriber] = set()
        self.notified = asyncio.Event()
        self.newest: Frame | None = None

    def latest(self, frame: Frame) -> Frame:
        """`frame`, or the equal one that was sent last, whose texts are written already."""
        if self.newest is None or self.newest.counts != frame.counts:
            return frame
        return self.newest

    async def run(self) -> None:
        """Offer frames until cancelled, or until the event is deleted."""
        now = asyncio.get_running_loop().time
        heartbeat = now() + HEARTBEAT_SECONDS
        while True:
            await self.wait_for_reason(seconds=heartbeat - now())
            frame = await self.reader.fetch_frame(self.event_id)
            if frame is None:
                return self.close_all()
            is_heartbeat = now() >= heartbeat
            if is_heartbeat:
                heartbeat = now() + HEARTBEAT_SECONDS
            self.newest = frame
            await self.broadcast(frame, repeat=is_heartbeat)
            await asyncio.sleep(SPACING_SECONDS)

    async def wait_for_reason(self, *, seconds: float) -> None:
        """Wait for a notification, at most `seconds`, and no longer than the time between polls."""
        poll = RELIABLE_POLL_SECONDS if self.channel.is_up else POLL_SECONDS
        try:
            await asyncio.wait_for(self.notified.wait(), max(min(seconds, poll), 0))
        except TimeoutError:
            return
        self.notified.clear()

    async def broadcast(self, frame: Frame, *, repeat: bool) -> None:
        """Offer the frame to all, with a turn for requests after each batch."""
        for batch in batched(list(self.subscribers), BATCH, strict=False):
            for subscriber in batch:
                subscriber.offer(frame, repeat=repeat)
            await asyncio.sleep(0)

    def close_all(self) -> None:
        for subscriber in list(self.subscribers):
            subscriber.close_not_found()


class FeedRegistry:
    """The feeds of a web process: each lives as long as it has subscribers."""

    def __init__(self) -> None:
        self.feeds: dict[int, MetricsFeed] = {}
        self.tasks: dict[int, asyncio.Task[None]] = {}
        # How many subscribers connect from which network.
        self.networks: Counter[str] = Counter()
        self.channel = ChannelSubscription(on_notification=self.wake)
        self.reader = EventReader()

    def subscribe(self, frame: Frame, subscriber: Subscriber) -> None:
        """Offer `frame` now, then each change and heartbeat of its event until `unsubscribe`."""
        event_id = frame.event.pk
        if event_id not in self.feeds:
            self.feeds[event_id] = feed = MetricsFeed(event_id, self.channel, self.reader)
            self.tasks[event_id] = asyncio.ensure_future(feed.run())
            self.channel.subscribe(event_id)
        feed = self.feeds[event_id]
        feed.subscribers.add(subscriber)
        self.networks[subscriber.network] += 1
        subscriber.offer(feed.latest(frame), repeat=True)
        # The counts may have changed since `frame` was read.
        self.wake(event_id)

    def unsubscribe(self, event_id: int, subscriber: Subscriber) -> None:
        self.feeds[event_id].subscribers.discard(subscriber)
        self.networks[subscriber.network] -= 1
        if not self.networks[subscriber.network]:
            del self.networks[subscriber.network]
        if not self.feeds[event_id].subscribers:
            del self.feeds[event_id]
            self.tasks.pop(event_id).cancel()
            self.channel.unsubscribe(event_id)

    def has_room_for(self, network: str) -> bool:
        """Whether one more may subscribe from this network: a whole hall may, a flood may not."""
        limit = settings.SOCKETS_PER_ADDRESS if settings.RATE_LIMITS else 0
        return not (limit and network) or self.networks[network] < limit

    def wake(self, event_id: int) -> None:
        """Let this event's feed read its row soon."""
        if event_id in self.feeds:
            self.feeds[event_id].notified.set()
