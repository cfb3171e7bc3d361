"""Live metrics inside one process: notifications, feeds and subscribers.

On the channel layer of this stack and a real database.
"""

import asyncio
import statistics
import time

import pytest
from django.db import transaction

from events.live import feeds, notifications, reader
from events.models import Event
from tests.support.factories import make_event, make_people
from tests.support.metrics_watching import change, in_thread, run
from tickets.queue import registration

pytestmark = [pytest.mark.both, pytest.mark.django_db(transaction=True)]


def test_subscriber_receives_counts_now_and_after_each_change_by_a_service():
    event, (person,) = make_event(admission="automatic", seats_limit=1), make_people(1)

    async def scenario(live):
        subscribers = [live.subscribe(event) for _ in range(3)]
        await subscribers[0].receives((0, 0, 0))
        await live.channel_is_up()
        reservation = await in_thread(registration.reserve, event.pk, person=person)
        for one in subscribers:
            await one.receives((1, 0, 0))
        await in_thread(registration.cancel, reservation, by=person)
        await subscribers[0].receives((0, 0, 0))
        return [one.received for one in subscribers]

    assert run(scenario) == [[(0, 0, 0), (1, 0, 0), (0, 0, 0)]] * 3


def test_feed_sends_four_frames_a_second_and_the_last_state_within_half_a_second():
    event = make_event(seats_limit=1000)

    async def scenario(live):
        subscriber, delays = live.subscribe(event), []
        await live.channel_is_up()
        for burst in range(4):
            began, before = time.monotonic(), len(subscriber.received)
            for number in range(20):
                await in_thread(change, event, pending_count=100 * burst + number + 1)
                await asyncio.sleep(0.04)
            done = time.monotonic()
            await subscriber.receives((0, 100 * burst + 20, 0))
            delays.append(subscriber.times[-1] - done)
            rate = (len(subscriber.received) - before - 1) / (time.monotonic() - began)
            assert rate <= 4.1
        gaps = [
            later - earlier
            for earlier, later in zip(subscriber.times[1:], subscriber.times[2:], strict=False)
        ]
        # Half, because a busy machine may hand over one message late and the next in time.
        assert min(gaps) > feeds.SPACING_SECONDS / 2
        return statistics.median(delays)

    assert run(scenario) < 0.5


def test_feed_asks_one_query_a_frame_however_many_subscribe():
    event = make_event()

    async def scenario(live):
        subscribers = [live.subscribe(event) for _ in range(60)]
        await live.channel_is_up()
        live.queries.count = 0
        for number in range(1, 5):
            await in_thread(change, event, pending_count=number)
            for one in subscribers:
                await one.receives((0, number, 0))
            await asyncio.sleep(feeds.SPACING_SECONDS)
        return live.queries.count, {len(one.received) for one in subscribers}

    assert run(scenario) == (4, {5})


def test_notification_without_a_change_sends_nothing():
    event = make_event()

    async def scenario(live):
        subscriber = live.subscribe(event)
        await live.channel_is_up()
        for _ in range(3):
            await in_thread(notifications.notify, event.pk)
            await asyncio.sleep(0.3)
        return subscriber.received

    assert run(scenario) == [(0, 0, 0)]


def test_heartbeat_repeats_the_counts(monkeypatch):
    monkeypatch.setattr(feeds, "HEARTBEAT_SECONDS", 0.5)
    event = make_event()

    async def scenario(live):
        subscriber = live.subscribe(event)
        await asyncio.sleep(1.8)
        # Without a notification, as when one is lost.
        await in_thread(Event.objects.filter(pk=event.pk).update, pending_count=3)
        await subscriber.receives((0, 3, 0), seconds=1)
        return subscriber.received

    seen = run(scenario)
    assert seen[:3] == [(0, 0, 0)] * 3
    assert len(seen) <= 5


def test_poll_replaces_a_lost_notification_and_sends_nothing_twice(monkeypatch):
    monkeypatch.setattr(feeds, "RELIABLE_POLL_SECONDS", 0.5)
    event = make_event()

    async def scenario(live):
        subscriber = live.subscribe(event)
        await live.channel_is_up()
        # Without a notification.
        await in_thread(Event.objects.filter(pk=event.pk).update, pending_count=3)
        await subscriber.receives((0, 3, 0), seconds=5)
        await asyncio.sleep(1.2)
        return subscriber.received

    assert run(scenario) == [(0, 0, 0), (0, 3, 0)]


def test_change_before_the_subscription_is_not_missed():
    event = make_event()

    async def scenario(live):
        others = live.subscribe(event)
        await live.channel_is_up()
        await in_thread(change, event, pending_count=1)
        await others.receives((0, 1, 0))
        # `event` still says 0, and no further notification will come.
        late = live.subscribe(event)
        await late.receives((0, 1, 0), seconds=1)
        return late.received, others.received

    assert run(scenario) == ([(0, 0, 0), (0, 1, 0)], [(0, 0, 0), (0, 1, 0)])


def test_slow_subscriber_skips_to_the_newest_frame():
    event = make_event()

    async def scenario(live):
        quick, slow = live.subscribe(event), live.subscribe(event)
        await live.channel_is_up()
        slow.pause()
        for number in range(1, 4):
            await in_thread(change, event, pending_count=number)
            await quick.receives((0, number, 0))
        before = list(slow.received)
        slow.resume()
        return before, slow.received

    assert run(scenario) == ([(0, 0, 0)], [(0, 0, 0), (0, 3, 0)])


def test_public_event_is_read_once_for_all_who_ask_together():
    event, draft = make_event(), make_event(status="draft")

    async def scenario(live):
        seen = await asyncio.gather(
            *(live.feeds.reader.fetch_public_event(pk) for pk in [event.pk] * 50 + [draft.pk] * 50)
        )
        return seen, live.queries.count

    assert run(scenario) == ([event] * 50 + [None] * 50, 2)


def test_feed_ends_with_its_last_subscriber():
    event, other = make_event(), make_event()

    async def scenario(live):
        mine = asyncio.all_tasks()
        subscribers, feeds_left = (
            [live.subscribe(event), live.subscribe(event), live.subscribe(other)],
            [],
        )
        await live.channel_is_up()
        for one in subscribers:
            one.unsubscribe()
            feeds_left.append(sorted(live.feeds.feeds))
        await asyncio.wait_for(live.feeds.channel.task, 2)
        await asyncio.sleep(0.1)
        # Those of redis-py belong to the channel layer, which lives as long as the process.
        ours = [task for task in asyncio.all_tasks() - mine if "channels_redis" not in repr(task)]
        return feeds_left, live.feeds.channel.event_ids, ours

    assert run(scenario) == ([sorted([event.pk, other.pk]), [other.pk], []], set(), [])


def test_subscribers_are_closed_when_the_event_is_deleted():
    event = make_event()

    async def scenario(live):
        subscriber = live.subscribe(event)
        await live.channel_is_up()
        await in_thread(Event.objects.filter(pk=event.pk).delete)
        notifications.notify_now(event.pk)
        await asyncio.wait_for(subscriber.is_closed.wait(), 5)
        return live.feeds.feeds

    assert run(scenario) == {}


def test_feed_survives_an_outage_of_the_database(caplog, monkeypatch):
    monkeypatch.setattr(reader, "BACK_OFF_SECONDS", (0.1, 0.2))
    events = [make_event(), make_event()]

    async def scenario(live):
        subscribers = [live.subscribe(event) for event in events]
        await live.channel_is_up()
        live.queries.refuse = True
        for event in events:
            await in_thread(change, event, pending_count=5)
        await asyncio.sleep(0.6)
        assert [one.received for one in subscribers] == [[(0, 0, 0)]] * 2
        tried = live.queries.count
        live.queries.refuse = False
        for one in subscribers:
            await one.receives((0, 5, 0), seconds=2)
        return tried

    assert run(scenario) < 20
    words = [
        record.message.split(" after")[0]
        for record in caplog.records
        if record.name == "events.live.reader"
    ]
    assert words == [
        "database, live metrics: away (OperationalError)",
        "database, live metrics: back",
    ]


def test_notification_waits_for_the_commit_and_a_rollback_sends_none(monkeypatch):
    event, told = make_event(), []
    monkeypatch.setattr(
        notifications.Notifier, "schedule", lambda notifier, event_id: told.append(event_id)
    )

    def work():
        with transaction.atomic():
            notifications.notify(event.pk)
            before_commit = list(told)
        with pytest.raises(RuntimeError), transaction.atomic():
            notifications.notify(event.pk + 1)
            raise RuntimeError
        return before_commit

    async def scenario(live):
        before_commit = await in_thread(work)
        await asyncio.sleep(0.05)
        return before_commit, told

    assert run(scenario) == ([], [event.pk])
