"""Live numbers inside one process: hints, feeds and watchers, on the channel layer of this stack and a real database."""

import asyncio
import statistics
import time

import pytest
from django.db import OperationalError, connection, transaction

from events.live import feeds, notifications
from events.models import Event
from tests.support.factories import make_event, make_people
from tests.support.metrics_watching import Watching, change, link_is_up, on_a_thread, run
from tickets.queue import registration

pytestmark = pytest.mark.django_db(transaction=True)


class Queries:
    """Counts what the feeds ask the database, or refuses it."""

    def __init__(self) -> None:
        self.count, self.refuse = 0, False
        feeds.database.submit(lambda: connection.execute_wrappers.append(self)).result()

    def __call__(self, execute, sql, params, many, context):
        self.count += 1
        if self.refuse:
            raise OperationalError("the database is away")
        return execute(sql, params, many, context)

    def stop(self):
        feeds.database.submit(lambda: connection.execute_wrappers.remove(self)).result()


@pytest.fixture
def queries():
    counter = Queries()
    yield counter
    counter.stop()


def test_watcher_is_told_now_and_after_each_change_by_a_service():
    event, (person,) = make_event(admission="automatic", seats_limit=1), make_people(1)

    async def scenario():
        watching = [Watching(event) for _ in range(3)]
        await watching[0].sees((0, 0, 0))
        await link_is_up()
        reservation = await on_a_thread(registration.reserve, event, person=person)
        for one in watching:
            await one.sees((1, 0, 0))
        await on_a_thread(registration.cancel, reservation, by=person)
        await watching[0].sees((0, 0, 0))
        return [one.seen for one in watching]

    assert run(scenario) == [[(0, 0, 0), (1, 0, 0), (0, 0, 0)]] * 3


def test_twenty_changes_a_second_become_four_messages_and_none_is_the_last_for_long():
    event = make_event(seats_limit=1000)

    async def scenario():
        watching, delays = Watching(event), []
        await link_is_up()
        for burst in range(4):
            began, before = time.monotonic(), len(watching.seen)
            for number in range(20):
                await on_a_thread(change, event, pending_count=100 * burst + number + 1)
                await asyncio.sleep(0.04)
            done = time.monotonic()
            await watching.sees((0, 100 * burst + 20, 0))
            delays.append(watching.times[-1] - done)
            rate = (len(watching.seen) - before - 1) / (time.monotonic() - began)
            assert rate <= 4.1
        gaps = [
            later - earlier
            for earlier, later in zip(watching.times[1:], watching.times[2:], strict=False)
        ]
        # Half, because a busy machine may hand over one message late and the next in time.
        assert min(gaps) > feeds.SPACING_SECONDS / 2
        return statistics.median(delays)

    assert run(scenario) < 0.5


def test_one_query_a_message_however_many_watch(queries):
    event = make_event()

    async def scenario():
        watching = [Watching(event) for _ in range(60)]
        await link_is_up()
        queries.count = 0
        for number in range(1, 5):
            await on_a_thread(change, event, pending_count=number)
            for one in watching:
                await one.sees((0, number, 0))
            await asyncio.sleep(feeds.SPACING_SECONDS)
        return queries.count, {len(one.seen) for one in watching}

    assert run(scenario) == (4, {5})


def test_hint_without_a_change_says_nothing():
    event = make_event()

    async def scenario():
        watching = Watching(event)
        await link_is_up()
        for _ in range(3):
            await on_a_thread(notifications.hint, event.pk)
            await asyncio.sleep(0.3)
        return watching.seen

    assert run(scenario) == [(0, 0, 0)]


def test_heartbeat_repeats_the_truth(monkeypatch):
    monkeypatch.setattr(feeds, "HEARTBEAT_SECONDS", 0.5)
    event = make_event()

    async def scenario():
        watching = Watching(event)
        await asyncio.sleep(1.8)
        # Nobody hinted at this one, as when a hint is lost.
        await on_a_thread(Event.objects.filter(pk=event.pk).update, pending_count=3)
        await watching.sees((0, 3, 0), seconds=1)
        return watching.seen

    seen = run(scenario)
    assert seen[:3] == [(0, 0, 0)] * 3
    assert len(seen) <= 5


def test_a_lost_hint_delays_a_number_by_a_look_and_says_nothing_twice(monkeypatch):
    monkeypatch.setattr(feeds, "LOOK_SECONDS", 0.5)
    event = make_event()

    async def scenario():
        watching = Watching(event)
        await link_is_up()
        # Nobody hints at this one.
        await on_a_thread(Event.objects.filter(pk=event.pk).update, pending_count=3)
        await watching.sees((0, 3, 0), seconds=5)
        await asyncio.sleep(1.2)
        return watching.seen

    assert run(scenario) == [(0, 0, 0), (0, 3, 0)]


def test_change_between_the_first_look_and_the_watching_is_not_missed():
    event = make_event()

    async def scenario():
        others = Watching(event)
        await link_is_up()
        await on_a_thread(change, event, pending_count=1)
        await others.sees((0, 1, 0))
        # `event` still says 0, and no further hint will come.
        late = Watching(event)
        await late.sees((0, 1, 0), seconds=1)
        return late.seen, others.seen

    assert run(scenario) == ([(0, 0, 0), (0, 1, 0)], [(0, 0, 0), (0, 1, 0)])


def test_slow_watcher_skips_to_the_newest():
    event = make_event()

    async def scenario():
        quick, slow = Watching(event), Watching(event)
        await link_is_up()
        slow.wait()
        for number in range(1, 4):
            await on_a_thread(change, event, pending_count=number)
            await quick.sees((0, number, 0))
        before = list(slow.seen)
        slow.go_on()
        return before, slow.seen

    assert run(scenario) == ([(0, 0, 0)], [(0, 0, 0), (0, 3, 0)])


def test_those_who_come_at_the_same_time_share_a_reading(queries):
    event, draft = make_event(), make_event(status="draft")

    async def scenario():
        seen = await asyncio.gather(
            *(feeds.look_for_anybody(pk) for pk in [event.pk] * 50 + [draft.pk] * 50)
        )
        return seen, queries.count

    assert run(scenario) == ([event] * 50 + [None] * 50, 2)


def test_feed_ends_with_its_last_watcher():
    event, other = make_event(), make_event()

    async def scenario():
        mine = asyncio.all_tasks()
        watching, feeds_left = [Watching(event), Watching(event), Watching(other)], []
        await link_is_up()
        for one in watching:
            one.leaves()
            feeds_left.append(sorted(feeds.hub.feeds))
        await asyncio.wait_for(feeds.hub.link.task, 2)
        await asyncio.sleep(0.1)
        # Those of redis-py belong to the channel layer, which lives as long as the process.
        ours = [task for task in asyncio.all_tasks() - mine if "channels_redis" not in repr(task)]
        return feeds_left, feeds.hub.link.wanted, ours

    assert run(scenario) == ([sorted([event.pk, other.pk]), [other.pk], []], set(), [])


def test_watching_ends_when_the_event_is_no_more():
    event = make_event()

    async def scenario():
        watching = Watching(event)
        await link_is_up()
        await on_a_thread(Event.objects.filter(pk=event.pk).delete)
        notifications.announce(event.pk)
        await asyncio.wait_for(watching.ended.wait(), 5)
        return feeds.hub.feeds

    assert run(scenario) == {}


def test_feed_outlives_the_database(queries, caplog, monkeypatch):
    monkeypatch.setattr(feeds, "BACK_OFF_SECONDS", (0.1, 0.2))
    events = [make_event(), make_event()]

    async def scenario():
        watching = [Watching(event) for event in events]
        await link_is_up()
        queries.refuse = True
        for event in events:
            await on_a_thread(change, event, pending_count=5)
        await asyncio.sleep(0.6)
        assert [one.seen for one in watching] == [[(0, 0, 0)]] * 2
        tried = queries.count
        queries.refuse = False
        for one in watching:
            await one.sees((0, 5, 0), seconds=2)
        return tried

    assert run(scenario) < 20
    words = [
        record.message.split(" after")[0]
        for record in caplog.records
        if record.name == "events.live.feeds"
    ]
    assert words == [
        "database, live numbers: away (OperationalError)",
        "database, live numbers: back",
    ]


def test_hint_waits_for_the_commit_and_undone_work_gives_none(monkeypatch):
    event, told = make_event(), []
    monkeypatch.setattr(
        notifications.Sender, "note", lambda sender, event_id: told.append(event_id)
    )

    def work():
        with transaction.atomic():
            notifications.hint(event.pk)
            before_commit = list(told)
        with pytest.raises(RuntimeError), transaction.atomic():
            notifications.hint(event.pk + 1)
            raise RuntimeError
        return before_commit

    async def scenario():
        before_commit = await on_a_thread(work)
        await asyncio.sleep(0.05)
        return before_commit, told

    assert run(scenario) == ([], [event.pk])
