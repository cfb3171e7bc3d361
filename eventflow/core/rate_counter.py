"""Rate limits by a counter in the cache that all processes share.

A window is fixed, so it is one number in the cache, incremented in one step: parallel requests
can't get past it.
"""

import time

from django.conf import settings
from django.core.cache import cache


def is_within(key: str, limit: int, *, seconds: int) -> bool:
    """Count one more. Whether it is within the `limit` of this window of `seconds`.

    Always true while RATE_LIMITS is off.
    """
    if not settings.RATE_LIMITS:
        return True
    window = int(time.time() // seconds)
    return increment(f"rate:{key}:{seconds}:{window}", timeout=2 * seconds) <= limit


def increment(key: str, *, timeout: int) -> int:
    """Add one to a counter that ends after `timeout` seconds. Returns its new value."""
    for _attempt in range(2):
        try:
            return cache.incr(key)
        except ValueError:
            # No request counted yet. Of two requests at once one adds the counter, and the other
            # increments it in the next attempt.
            if cache.add(key, 1, timeout=timeout):
                return 1
    return 1  # Added by another request and evicted since, as a cache may.
