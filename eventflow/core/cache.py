"""A cache in Redis that survives its outages: meanwhile each process uses its own memory."""

import logging
import time
from functools import cached_property, partial
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.exceptions import RedisError

from eventflow.observability import Outage

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 0.3
# After a failure Redis is not asked for this long.
RETRY_SECONDS = 5.0
# The process' connections by location: Django makes a cache object for each request.
clients: dict[str, "BestEffortClient"] = {}


class BestEffortRedisCache(RedisCache):
    """Django's cache in Redis, which never raises because of Redis.

    Its entries may vanish at any time. During an outage rate limits count per process.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self.location, self.options = server, params.get("OPTIONS", {})

    @cached_property
    def _cache(self) -> Any:
        if self.location not in clients:
            clients.setdefault(self.location, BestEffortClient([self.location], **self.options))
        return clients[self.location]


class BestEffortClient:
    """Calls Django's client for Redis, or this process' memory while Redis is away."""

    def __init__(self, servers: list[str], **options: Any) -> None:
        limits = {"socket_connect_timeout": TIMEOUT_SECONDS, "socket_timeout": TIMEOUT_SECONDS}
        self.redis = RedisCacheClient(servers, **{**limits, **options})
        self.memory = LocMemCache("while Redis is away", {"MAX_ENTRIES": 100_000})
        self.outage = Outage(logger, "Redis, as a cache")
        self.try_again_at = 0.0

    def __getattr__(self, method: str) -> Any:
        return partial(self.call, method)

    def call(self, method: str, *args: Any) -> Any:
        if time.monotonic() >= self.try_again_at:
            try:
                answer = getattr(self.redis, method)(*args)
            except RedisError as error:
                self.start_outage(error)
            else:
                self.outage.ended()
                return answer
        return getattr(self.memory, method)(*args)

    def start_outage(self, error: RedisError) -> None:
        if not self.outage.is_on:
            # Entries of an earlier outage are older than what Redis held since.
            self.memory.clear()
        self.outage.began(error)
        self.try_again_at = time.monotonic() + RETRY_SECONDS
