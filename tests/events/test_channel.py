"""Notifications through a real Redis, and counts all the same while it is stopped or hangs."""

import asyncio
import time

import pytest

from events.live import channel, feeds, notifications
from events.models import Event
from tests.support import processes
from tests.support.factories import make_event
from tests.support.metrics_watching import change, in_thread, run
from tests.support.redis_server import running_redis

# SQLite goes with no Redis.
pytestmark = [
    pytest.mark.once(on="postgresql"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.process("a Redis of its own goes away"),
]


@pytest.fixture
def redis(tmp_path, settings, monkeypatch):
    with running_redis(tmp_path) as server:
        settings.REDIS_URL = server.url
        settings.CHANNEL_LAYERS = {
            "default": {
                "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
                "CONFIG": {"hosts": [server.url]},
            }
        }
        monkeypatch.setattr(channel, "PROBE_SECONDS", 0.5)
        monkeypatch.setattr(feeds, "POLL_SECONDS", 0.5)
        yield server


def test_notification_reaches_another_process(redis):
    event = make_event()
    code = (
        "from events.models import Event; from events.live import notifications; "
        f"Event.objects.update(pending_count=4); notifications.notify({event.pk})"
    )

    async def scenario(live):
        subscriber = live.subscribe(event)
        await live.channel_is_up()
        words = processes.command("shell", "-v0", "-c", code)
        done = await asyncio.to_thread(processes.run, words, REDIS_URL=redis.url)
        assert done.returncode == 0, done.stderr
        await subscriber.receives((0, 4, 0), seconds=1)

    run(scenario)


@pytest.mark.parametrize(("take", "give"), [("stop", "start"), ("hang", "wake")])
def test_counts_arrive_while_redis_is_away_and_notifications_when_it_is_back(
    redis, take, give, caplog
):
    event, other = make_event(), make_event()

    async def scenario(live):
        subscriber = live.subscribe(event)
        await live.channel_is_up()
        for number in (1, 2):
            getattr(redis, take)()
            await in_thread(change, event, pending_count=number)
            await subscriber.receives((0, number, 0))
            await live.channel_is(up=False)
            # Whoever comes now is told, too.
            late = live.subscribe(other)
            await late.receives((0, 0, 0))
            late.unsubscribe()
            await asyncio.to_thread(getattr(redis, give))
            await asyncio.wait_for(live.channel_is_up(), 10)
            await in_thread(change, event, pending_count=10 * number)
            await subscriber.receives((0, 10 * number, 0), seconds=1)
        return subscriber.received

    assert run(scenario) == [(0, number, 0) for number in (0, 1, 10, 2, 20)]
    told = [
        record.message.split(" (")[0].split(" after")[0]
        for record in caplog.records
        if record.name == "events.live.channel"
    ]
    assert (
        told
        == [
            "channel layer, receiving notifications: away",
            "channel layer, receiving notifications: back",
        ]
        * 2
    )


def test_channel_notices_a_lost_subscription(redis):
    """Redis answers, but has forgotten that we listen."""
    event = make_event()

    async def scenario(live):
        subscriber = live.subscribe(event)
        await live.channel_is_up()
        redis.kill_listeners()
        await in_thread(change, event, pending_count=1)
        await subscriber.receives((0, 1, 0))
        await asyncio.wait_for(live.channel_is_up(), 10)
        await in_thread(change, event, pending_count=2)
        await subscriber.receives((0, 2, 0), seconds=1)

    run(scenario)


def test_notify_does_not_wait_for_a_hung_redis(redis):
    event, requests = make_event(), 50

    async def scenario(live):
        redis.hang()
        began = time.monotonic()
        for _ in range(requests):
            await in_thread(notifications.notify, event.pk)
        return time.monotonic() - began

    # Had each waited until the sender gives up on Redis, it would have taken ten times as long.
    assert run(scenario) < requests * notifications.SEND_SECONDS / 10


@pytest.mark.parametrize("take", ["stop", "hang"])
def test_notify_in_a_worker_waits_for_redis_once(redis, take, caplog, monkeypatch):
    """A process without a server's loop."""
    event = make_event()
    monkeypatch.setattr(notifications, "notifier", notifications.Notifier())
    notifications.notify(event.pk)
    getattr(redis, take)()
    began = time.monotonic()
    for number in range(20):
        change(event, pending_count=number)
    assert time.monotonic() - began < notifications.SEND_SECONDS + 1
    assert Event.objects.get(pk=event.pk).pending_count == 19
    assert [
        record.message.split(" (")[0]
        for record in caplog.records
        if record.name == "events.live.notifications"
    ] == ["channel layer, sending notifications: away"]
