"""How often something may happen: a count in the cache that all processes share.

A fixed window, because it is one number in the cache, counted up in one step: parallel requests can't slip past it.
"""

import time

from django.conf import settings
from django.core.cache import cache


def is_within(key: str, limit: int, *, seconds: int) -> bool:
    """Count one more, and say whether that is still one of the `limit` that this window of so many seconds allows."""
    if not settings.RATE_LIMITS:
        return True
    window = int(time.time() // seconds)
    return count_up(f"rate:{key}:{seconds}:{window}", timeout=2 * seconds) <= limit


def count_up(key: str, *, timeout: int) -> int:
    """One more; how many there are now. Counting comes first, because all but the first of a window find their number there."""
    for _attempt in range(2):
        try:
            return cache.incr(key)
        except ValueError:
            # Of two firsts at once one adds, and the other counts on from there.
            if cache.add(key, 1, timeout=timeout):
                return 1
    return 1  # Added by somebody and forgotten again, as a cache may.
