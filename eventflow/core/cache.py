"""A cache in Redis that nobody has to wait for: while Redis is away, each process remembers for itself."""

import logging
import time
from functools import cached_property, partial
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.exceptions import RedisError

from eventflow.observability import Outage

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 0.3
# After a failure Redis is left alone for so long.
BREAK_SECONDS = 5.0
clients: dict[str, "BestEffortClient"] = {}


class BestEffortRedisCache(RedisCache):
    """Never raises because of Redis. What the cache holds may vanish at any time; what counts (rate limits) then counts per process."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self.location, self.options = server, params.get("OPTIONS", {})

    @cached_property
    def _cache(self) -> Any:
        # Django makes a cache object a request. The connections, and the knowledge that Redis is away, are the process' own.
        if self.location not in clients:
            clients.setdefault(self.location, BestEffortClient([self.location], **self.options))
        return clients[self.location]


class BestEffortClient:
    """Django's client for Redis, or this process' memory: asked for the same methods, it answers from whichever is there."""

    def __init__(self, servers: list[str], **options: Any) -> None:
        limits = {"socket_connect_timeout": ANSWER_SECONDS, "socket_timeout": ANSWER_SECONDS}
        self.redis = RedisCacheClient(servers, **{**limits, **options})
        self.memory = LocMemCache("while Redis is away", {"MAX_ENTRIES": 100_000})
        self.outage = Outage(logger, "Redis, as a cache")
        self.try_again_at = 0.0

    def __getattr__(self, method: str) -> Any:
        return partial(self.ask, method)

    def ask(self, method: str, *args: Any) -> Any:
        if time.monotonic() >= self.try_again_at:
            try:
                answer = getattr(self.redis, method)(*args)
            except RedisError as error:
                self.give_up(error)
            else:
                self.outage.ended()
                return answer
        return getattr(self.memory, method)(*args)

    def give_up(self, error: RedisError) -> None:
        if not self.outage.is_on:
            # What was remembered in an earlier outage is older than what Redis held since.
            self.memory.clear()
        self.outage.began(error)
        self.try_again_at = time.monotonic() + BREAK_SECONDS
