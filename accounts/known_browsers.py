"""Browsers that somebody logged in with before: a stranger's wrong passwords don't lock these out.

The cookie names accounts, not the browser: it is the same in every browser of a person, and goes
nowhere but to the pages of the account. It dies with the password, like a session.
"""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.models import User

SALT, AGE = "accounts.known_browser", 365 * 86400
# Accounts that one browser remembers, the newest first.
MOST = 5


def remember(request: HttpRequest, response: Any, person: User) -> None:
    """Let this browser know the account of somebody who has just logged in with it."""
    others = [entry for entry in entries(request) if not entry.startswith(f"{person.pk}:")]
    known = [entry_for(person), *others][:MOST]
    response.set_signed_cookie(
        settings.KNOWN_BROWSER_COOKIE_NAME,
        " ".join(known),
        salt=SALT,
        max_age=AGE,
        path="/accounts/",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def knows(request: HttpRequest, email: str) -> bool:
    """Whether somebody logged in to this account here before, and with the password it has now."""
    known = entries(request)
    person = User.objects.filter(email=email).first() if known else None
    return person is not None and any(
        constant_time_compare(entry_for(person), each) for each in known
    )


def entries(request: HttpRequest) -> list[str]:
    name = settings.KNOWN_BROWSER_COOKIE_NAME
    return (request.get_signed_cookie(name, default="", salt=SALT, max_age=AGE) or "").split()


def entry_for(person: User) -> str:
    state = salted_hmac(SALT, person.get_session_auth_hash(), algorithm="sha256").hexdigest()
    return f"{person.pk}:{state[:32]}"
