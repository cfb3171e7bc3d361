"""Limits how often our forms mail one address, so that nobody can fill a stranger's mailbox.

The limits stand in the cache, which all web processes share. They are off where the setting
RATE_LIMITS is off.
"""

import hashlib

from django.conf import settings
from django.core.cache import cache

from accounts.models import User

# One mail of a kind to an address in this time.
PAUSE_SECONDS = 180
# Mails of a kind to an address in an hour that replace a link which stopped working.
MAX_REPLACEMENTS_PER_HOUR = 5


def may_mail(kind: str, email: str, *, pause: int = PAUSE_SECONDS) -> bool:
    """Whether this address got no mail of this kind for `pause` seconds; True starts a pause."""
    key = hashlib.sha256(f"{kind} {email}".encode()).hexdigest()
    return not settings.RATE_LIMITS or cache.add(f"account-mail:{key}", 1, timeout=pause)


def may_mail_replacement(kind: str, email: str) -> bool:
    """Whether this address may get a new link of this kind, because the last one stopped working.

    True at most `MAX_REPLACEMENTS_PER_HOUR` times an hour.
    """
    kinds = (f"{kind}-{number}" for number in range(MAX_REPLACEMENTS_PER_HOUR))
    return any(may_mail(numbered, email, pause=3600) for numbered in kinds)


def may_mail_password_reset(person: User) -> bool:
    """Whether this person may get a link to a new password.

    True if they got none for a while, and at most a few times an hour if a log-in or a new
    password has made the last link useless.
    """
    state = f"{person.get_session_auth_hash()}:{person.last_login}"
    is_due = may_mail("new password", person.email)
    is_first_of_state = may_mail(f"new password:{state}", person.email)
    return is_due or (is_first_of_state and may_mail_replacement("new password", person.email))
