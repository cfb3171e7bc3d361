"""How often somebody may ask: a count for each person who is signed in and each address that is not, in the cache that all processes share.

A fixed window, because it is one number in the cache, counted up in one step: parallel requests can't slip past it.
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
from eventflow.core.rate_counter import count_up

SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}


@dataclass(frozen=True)
class Allowance:
    """A window of `limit` requests, of which `used` were sent, this one included; the next begins in `reset` seconds."""

    limit: int
    used: int
    reset: int

    @property
    def is_overspent(self) -> bool:
        return self.used > self.limit

    @property
    def headers(self) -> dict[str, str]:
        remaining = max(0, self.limit - self.used)
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(remaining),
            "X-RateLimit-Reset": str(self.reset),
        }


def spend(request: HttpRequest) -> Allowance | None:
    """Count this request for whoever sent it; None where nothing is limited."""
    if not settings.RATE_LIMITS:
        return None
    if request.user.is_authenticated:
        return count(f"person:{request.user.pk}", settings.API_RATE_PERSON)
    return count(f"address:{client_ip(request)}", settings.API_RATE_ADDRESS)


def share(request: HttpRequest, action: str) -> None:
    """Count this against the limit that our pages have for the same deed. Refused: too_many_attempts."""
    if not ratelimit.consume(request, action=action):
        raise Refused(
            "too_many_attempts", _("Too many attempts. Wait a few minutes and try again."), wait=60
        )


def count(who: str, rate: str) -> Allowance:
    limit, seconds = parsed(rate)
    now = time.time()
    window = int(now // seconds)
    key = f"api-rate:{who}:{seconds}:{window}"
    return Allowance(
        limit, count_up(key, timeout=2 * seconds), max(1, round((window + 1) * seconds - now))
    )


def parsed(rate: str) -> tuple[int, int]:
    """(600, 60) from `600/minute`."""
    amount, _slash, unit = rate.partition("/")
    if not amount.isdecimal() or unit not in SECONDS:
        raise ImproperlyConfigured(
            f"A rate is written like 600/minute, not {rate!r}; the units are {', '.join(SECONDS)}."
        )
    return int(amount), SECONDS[unit]
