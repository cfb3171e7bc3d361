"""The cache in Redis is shared while Redis answers, and each process' own while it does not."""

import time

import pytest
from django.core.cache import caches

from eventflow.core import cache as module
from eventflow.core.cache import BestEffortRedisCache
from tests.support.redis_server import running_redis

pytestmark = pytest.mark.process("a Redis of its own goes away")

# What a call may take at worst: it waits once for an answer, and for nothing else.
ONE_WAIT = module.TIMEOUT_SECONDS + 0.3


@pytest.fixture
def redis(tmp_path):
    with running_redis(tmp_path) as server:
        yield server


@pytest.fixture
def cache(redis, monkeypatch):
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.4)
    yield BestEffortRedisCache(redis.url, {})
    module.clients.pop(redis.url)


def another(redis):
    """The same cache as another process sees it."""
    shared = module.clients.pop(redis.url)
    theirs = BestEffortRedisCache(redis.url, {})
    theirs.set("touched", 1)
    module.clients[redis.url] = shared
    return theirs


def seconds(call):
    began = time.monotonic()
    call()
    return time.monotonic() - began


def test_cache_is_shared_while_redis_answers(cache, redis):
    cache.set("name", ["Maja"], 60)
    cache.set("count", 1)
    assert cache.incr("count") == 2
    assert another(redis).get_many(["name", "count", "nothing"]) == {"name": ["Maja"], "count": 2}


@pytest.mark.parametrize("how", ["stop", "hang"])
def test_cache_counts_for_itself_while_redis_is_away(cache, redis, how):
    cache.set("tries", 7)
    getattr(redis, how)()
    assert seconds(lambda: cache.get("tries")) < ONE_WAIT
    cache.add("tries", 0)
    assert [cache.incr("tries") for _ in range(3)] == [1, 2, 3]
    # While the circuit is open nobody waits at all.
    assert seconds(lambda: [cache.get("tries") for _ in range(100)]) < module.TIMEOUT_SECONDS


def test_cache_answers_every_method_while_redis_is_away(cache, redis):
    redis.stop()
    assert cache.get("a") is None
    assert cache.get("a", "default") == "default"
    assert cache.add("a", 1)
    assert not cache.add("a", 2)
    assert cache.get_or_set("b", 5) == 5
    assert cache.set_many({"c": 3, "d": 4}) == []
    assert cache.get_many(["a", "c", "d"]) == {"a": 1, "c": 3, "d": 4}
    assert cache.has_key("c")
    assert cache.touch("c", 100)
    assert cache.delete("c")
    cache.delete_many(["d"])
    with pytest.raises(ValueError, match="not found"):
        cache.incr("d")
    cache.clear()
    assert cache.get("a") is None


def test_cache_comes_back_with_redis(cache, redis):
    cache.set("kept", "in redis")
    redis.hang()
    assert cache.get("kept") is None
    cache.set("kept", "in memory")
    assert cache.get("kept") == "in memory"
    redis.wake()
    time.sleep(module.RETRY_SECONDS)
    assert cache.get("kept") == "in redis"


def test_cache_remembers_nothing_of_an_earlier_outage(cache, redis):
    redis.hang()
    cache.set("old", 1)
    redis.wake()
    time.sleep(module.RETRY_SECONDS)
    cache.get("old")
    redis.hang()
    assert cache.get("old") is None


def test_restarted_redis_costs_no_outage(cache, redis, caplog):
    """A kept connection that died says nothing about Redis."""
    cache.set("before", 1)
    redis.stop()
    redis.start()
    cache.set("after", 2)
    assert another(redis).get("after") == 2
    assert "away" not in caplog.text


def test_outage_is_logged_once(cache, redis, caplog):
    redis.stop()
    for _ in range(3):
        cache.get("x")
        time.sleep(module.RETRY_SECONDS)
    redis.start()
    cache.get("x")
    words = [record.message.split(" after")[0] for record in caplog.records]
    assert words == ["Redis, as a cache: away (ConnectionError)", "Redis, as a cache: back"]


def test_requests_share_connections_and_the_knowledge_of_an_outage(redis, cache, settings):
    settings.CACHES = {
        "default": {"BACKEND": "eventflow.core.cache.BestEffortRedisCache", "LOCATION": redis.url}
    }
    first, second = caches.create_connection("default"), caches.create_connection("default")
    assert first is not second
    first.set("x", 1)
    redis.hang()
    first.get("x")
    assert seconds(lambda: second.get("x")) < module.TIMEOUT_SECONDS / 2
