"""How often passwords may be tried, and what the audit log says of sign-ins. docs/security.md names the limits.

Pages and API share the counts. They stand in the cache, as allauth counts everything else.
"""

import logging
from typing import Any

from allauth.core.internal import ratelimit
from django.core.cache import cache
from django.http import HttpRequest

from accounts import known_browsers
from accounts.models import User
from eventflow.core import audit
from eventflow.core.addresses import neighbourhood
from eventflow.core.errors import is_api
from eventflow.core.text import email_key

logger = logging.getLogger(__name__)
APP = "allauth.account"
# Rates of ACCOUNT_RATE_LIMITS: wrong passwords of a network address for an account (and for all
# accounts), of an internet line for an account, of browsers that know an account, and of everybody
# else for one account.
HERE, LINE, KNOWN, ACCOUNT = (
    "login_failed",
    "login_failed_line",
    "login_failed_known",
    "login_failed_account",
)
# A lock is written down once in this time, in seconds.
LOCK_NOTED = 300

Usage = list[ratelimit.RateLimitUsage]


def count(request: HttpRequest, email: str) -> Usage | None:
    """Count one try for this account; what was counted, to give back if the password is right.

    None if there were too many. A browser that knows the account has a count of its own, so that
    nobody else can use it up. For all others the pair of network address and account counts first,
    then that of line and account: what one line tries beyond its count does not reach the count of
    the account, so it cannot lock anybody out elsewhere.
    """
    usages: Usage = []
    for action, key in counts_for(request, email):
        usage = ratelimit.consume(request, app=APP, action=action, key=key)
        if usage is None:
            give_back(usages)
            note_lock(request, email)
            return None
        usages.append(usage)
    return usages


def counts_for(request: HttpRequest, email: str) -> list[tuple[str, str]]:
    if known_browsers.knows(request, email):
        return [(KNOWN, email)]
    return counts_of_stranger(request, email)


def counts_of_stranger(request: HttpRequest, email: str) -> list[tuple[str, str]]:
    here, line = f"{ratelimit.get_ip(request)} {email}", f"{line_of(request)} {email}"
    return [(HERE, here), (LINE, line), (ACCOUNT, email)]


def line_of(request: HttpRequest) -> str:
    """The internet line that the request came by: an IPv4 address, or 48 bits of an IPv6 one."""
    return neighbourhood(ratelimit.get_ip(request), bits=48)


def give_back(usages: Usage) -> None:
    for usage in usages:
        usage.rollback()


def forgive(request: HttpRequest, email: str) -> None:
    """Begin to count anew for somebody who proved to own the account."""
    for action, key in [*counts_of_stranger(request, email), (KNOWN, email)]:
        ratelimit.clear(request, app=APP, action=action, key=key)


# --- the audit log ----------------------------------------------------------------------------------------------------


def note_login(request: HttpRequest, person: User) -> None:
    audit.record("login.success", person, by=person, door=door(request))


def note_failure(request: HttpRequest, email: str) -> None:
    """A wrong password. An address that nobody has is written down as nobody, so that both take the same time."""
    audit.record("login.fail", owner_of(email), door=door(request))


def note_lock(request: HttpRequest, email: str) -> None:
    owner = owner_of(email)
    if cache.add(f"lock-noted:{owner.pk}:{line_of(request)}", 1, timeout=LOCK_NOTED):
        audit.record("login.lock", owner, door=door(request))
        logger.warning("too many wrong passwords for account %s", owner.pk or "of nobody")


def owner_of(email: str) -> User:
    return User.objects.filter(email=email).first() or User(pk=0)


def door(request: HttpRequest) -> str:
    return "api" if is_api(request.path) else "page"


def email_in(credentials: dict[str, Any]) -> str:
    """The address as the account has it."""
    return email_key(str(credentials.get("email") or ""))
