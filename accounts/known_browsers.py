"""Recognizes browsers in which a person has logged in before, by a signed cookie.

Wrong passwords of strangers do not lock out such a browser. The cookie names accounts and not the
browser: it is the same in all browsers of a person. It is sent to the pages of the account only,
and stops counting when the password changes or access is revoked, like a session.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.models import User

SALT, MAX_AGE_SECONDS = "accounts.known_browser", 365 * 86400
# Accounts that one browser remembers, the newest first.
MAX_ACCOUNTS = 5


def remember_browser(request: HttpRequest, response: HttpResponse, person: User) -> None:
    """Set the cookie that lets this browser be known for the account that has just logged in."""
    others = [entry for entry in cookie_entries(request) if not entry.startswith(f"{person.pk}:")]
    known = [entry_for(person), *others][:MAX_ACCOUNTS]
    response.set_signed_cookie(
        settings.KNOWN_BROWSER_COOKIE_NAME,
        " ".join(known),
        salt=SALT,
        max_age=MAX_AGE_SECONDS,
        path="/accounts/",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def is_known_browser(request: HttpRequest, email: str) -> bool:
    """Whether this browser has logged in to the account with this address and today's password."""
    known = cookie_entries(request)
    person = User.objects.filter(email=email).first() if known else None
    return person is not None and any(
        constant_time_compare(entry_for(person), entry) for entry in known
    )


def cookie_entries(request: HttpRequest) -> list[str]:
    """Return the entries of a valid cookie, each `<person id>:<32 hex digits>`."""
    name = settings.KNOWN_BROWSER_COOKIE_NAME
    value = request.get_signed_cookie(name, default="", salt=SALT, max_age=MAX_AGE_SECONDS)
    return (value or "").split()


def entry_for(person: User) -> str:
    state = salted_hmac(SALT, person.get_session_auth_hash(), algorithm="sha256").hexdigest()
    return f"{person.pk}:{state[:32]}"
