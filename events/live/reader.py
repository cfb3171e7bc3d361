"""Reading events' counts for the feeds, on one thread and so one database connection."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError, InterfaceError, close_old_connections
from django.db.models import QuerySet

from eventflow.observability import Outage
from events.live.frames import FIELDS, Frame
from events.models import Event
from events.permissions import visible_events

logger = logging.getLogger(__name__)

DATABASE_ERRORS = (DatabaseError, InterfaceError)
# How long to wait after the first, second … failed reading of the database.
BACK_OFF_SECONDS = (1, 2, 4, 8)


class EventReader:
    """Reads events' counts on a thread of its own; belongs to one event loop."""

    def __init__(self) -> None:
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="live-metrics")
        self.outage = Outage(logger, "database, live metrics")
        self.public_reads: dict[int, asyncio.Future[Event | None]] = {}

    async def fetch_frame(self, event_id: int) -> Frame | None:
        """The event's counts now; None when the event is deleted.

        While the database is away, ask again and again, less and less often.
        """
        attempt = 0
        while True:
            try:
                event = await self.run_in_db_thread(fetch_event, Event.objects.all(), event_id)
            except DATABASE_ERRORS as error:
                self.outage.began(error)
                await asyncio.sleep(BACK_OFF_SECONDS[min(attempt, len(BACK_OFF_SECONDS) - 1)])
                attempt += 1
            else:
                self.outage.ended()
                return Frame(event) if event else None

    async def fetch_public_event(self, event_id: int) -> Event | None:
        """The event, if everybody may see it. All who ask at the same time share one reading.

        Raises one of DATABASE_ERRORS.
        """
        if event_id not in self.public_reads:
            public = visible_events(AnonymousUser())
            reading = asyncio.ensure_future(self.run_in_db_thread(fetch_event, public, event_id))
            self.public_reads[event_id] = reading
            reading.add_done_callback(lambda _: self.public_reads.pop(event_id))
        return await asyncio.shield(self.public_reads[event_id])

    async def run_in_db_thread(self, work: Callable[..., Any], *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self.thread, work, *args)


def fetch_event(events: QuerySet[Event], event_id: int) -> Event | None:
    """The event with its id and counts only, if it is one of `events`."""
    close_old_connections()
    return events.only(*FIELDS).filter(pk=event_id).first()
