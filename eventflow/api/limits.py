"""The rate limit of the API: one count for each logged-in person, and for each address otherwise.

The count is a fixed window in the cache that all processes share: one number, counted up in one
step, so that parallel requests cannot bypass it.
"""

import time
from dataclasses import dataclass

from allauth.core import ratelimit
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.allauth_bridge import client_ip
from eventflow.core.errors import Refused
from eventflow.core.rate_counter import increment

SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}


@dataclass(frozen=True)
class Allowance:
    """A window of `limit` requests, of which `used` were sent, this one included.

    The next window begins in `reset` seconds.
    """

    limit: int
    used: int
    reset: int

    @property
    def is_exceeded(self) -> bool:
        return self.used > self.limit

    @property
    def headers(self) -> dict[str, str]:
        remaining = max(0, self.limit - self.used)
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(remaining),
            "X-RateLimit-Reset": str(self.reset),
        }


def count_request(request: HttpRequest) -> Allowance | None:
    """Count this request for its caller. None where nothing is limited."""
    if not settings.RATE_LIMITS:
        return None
    if request.user.is_authenticated:
        return count(f"person:{request.user.pk}", settings.API_RATE_PERSON)
    return count(f"address:{client_ip(request)}", settings.API_RATE_ADDRESS)


def check_page_limit(request: HttpRequest, action: str) -> None:
    """Count this request against the limit of the page that does the same.

    Refused: too_many_attempts.
    """
    if not ratelimit.consume(request, action=action):
        message = _("Too many attempts. Wait a few minutes and try again.")
        raise Refused("too_many_attempts", message, wait=60)


def count(caller: str, rate: str) -> Allowance:
    limit, seconds = parse_rate(rate)
    now = time.time()
    window = int(now // seconds)
    used = increment(f"api-rate:{caller}:{seconds}:{window}", timeout=2 * seconds)
    return Allowance(limit, used, reset=max(1, round((window + 1) * seconds - now)))


def parse_rate(rate: str) -> tuple[int, int]:
    """(600, 60) from `600/minute`: requests, and seconds of the window."""
    amount, _slash, unit = rate.partition("/")
    if not amount.isdecimal() or unit not in SECONDS:
        units = ", ".join(SECONDS)
        raise ImproperlyConfigured(
            f"A rate is written like 600/minute, not {rate!r}; the units are {units}."
        )
    return int(amount), SECONDS[unit]
