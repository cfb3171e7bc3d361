"""Limits on log-in attempts, and the log-ins in the audit log. docs/security.md names the limits.

Pages and API share the counters. They stand in the cache, like all that allauth counts.
"""

import logging
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest

from accounts import allauth_bridge, known_browsers
from accounts.models import User
from eventflow.core import audit
from eventflow.core.addresses import client_network
from eventflow.core.errors import is_api
from eventflow.core.text import email_key

logger = logging.getLogger(__name__)
# Actions of ACCOUNT_RATE_LIMITS: attempts for one account from one IP address (the rate names a
# limit of the IP address for all accounts, too), from one network, from browsers that are known
# for the account, and from everybody else.
PER_IP, PER_NETWORK = "login_failed", "login_failed_line"
PER_KNOWN_BROWSER, PER_ACCOUNT = "login_failed_known", "login_failed_account"
# A lockout of one account from one network is logged once in this time.
LOCKOUT_LOG_SECONDS = 300


def count_attempt(request: HttpRequest, email: str) -> list[allauth_bridge.Usage] | None:
    """Count an attempt to log in to the account with this address.

    Returns what was counted, for `give_back` if the password is right, or None if there were too
    many attempts. A known browser has a counter of its own, which nobody else can use up. All
    others count first per IP address and account, then per network and account: what one network
    tries above its limit does not reach the account's counter, so it locks out nobody elsewhere.
    """
    usages: list[allauth_bridge.Usage] = []
    for action, key in counters_for(request, email):
        usage = allauth_bridge.consume_rate(request, action=action, key=key)
        if usage is None:
            give_back(usages)
            record_lockout(request, email)
            return None
        usages.append(usage)
    return usages


def counters_for(request: HttpRequest, email: str) -> list[tuple[str, str]]:
    """Return the counters, as pairs of action and key, that an attempt of this browser uses."""
    if known_browsers.is_known_browser(request, email):
        return [(PER_KNOWN_BROWSER, email)]
    return counters_for_unknown_browser(request, email)


def counters_for_unknown_browser(request: HttpRequest, email: str) -> list[tuple[str, str]]:
    ip, network = allauth_bridge.client_ip(request), network_of(request)
    return [(PER_IP, f"{ip} {email}"), (PER_NETWORK, f"{network} {email}"), (PER_ACCOUNT, email)]


def network_of(request: HttpRequest) -> str:
    """Return the network of one internet connection: an IPv4 address, or 48 bits of an IPv6 one."""
    return client_network(allauth_bridge.client_ip(request), bits=48)


def give_back(usages: list[allauth_bridge.Usage]) -> None:
    """Take counted attempts out of their counters again."""
    for usage in usages:
        usage.rollback()


def reset_attempts(request: HttpRequest, email: str) -> None:
    """Clear the counters, for somebody who has shown that the account is theirs."""
    for action, key in [*counters_for_unknown_browser(request, email), (PER_KNOWN_BROWSER, email)]:
        allauth_bridge.clear_rate(request, action=action, key=key)


# --- the audit log --------------------------------------------------------------------------------


def record_login(request: HttpRequest, person: User) -> None:
    audit.record("login.success", person, by=person, door=channel(request))


def record_failure(request: HttpRequest, email: str) -> None:
    """Record a wrong password.

    An address without an account is recorded, too, as person 0, so that both take the same time.
    """
    audit.record("login.fail", account_of(email), door=channel(request))


def record_lockout(request: HttpRequest, email: str) -> None:
    """Record that an account got too many attempts; once per `LOCKOUT_LOG_SECONDS` and network."""
    account = account_of(email)
    key = f"lock-noted:{account.pk}:{network_of(request)}"
    if cache.add(key, 1, timeout=LOCKOUT_LOG_SECONDS):
        audit.record("login.lock", account, door=channel(request))
        logger.warning("too many wrong passwords for account %s", account.pk or "of nobody")


def account_of(email: str) -> User:
    """Return the account with this address, or one with id 0."""
    return User.objects.filter(email=email).first() or User(pk=0)


def channel(request: HttpRequest) -> str:
    """Return "api" or "page": where the person logs in, as the audit log names it."""
    return "api" if is_api(request.path) else "page"


def email_from(credentials: dict[str, Any]) -> str:
    """Return the address that was typed, in its canonical spelling."""
    return email_key(str(credentials.get("email") or ""))
