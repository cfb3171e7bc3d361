"""Where a person is logged in: browsers, and programs that hold tokens of the API.

Each of them is a session of Django's and a row `LoginSession` beside it, which says which device
and since when, so that the person can tell them apart and revoke one. No IP address is stored: it
would record where a person goes.
"""

import time
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import LoginSession, User
from accounts.user_agents import describe_device
from eventflow.core import audit
from eventflow.core.errors import is_api

# Keys in Django's session: the times of the log-in and of the last activity, in seconds since
# 1970, and the id of the row.
BEGAN_KEY, SEEN_KEY, ROW_KEY = "login_began", "login_seen", "login_row"
# Activity is saved this often.
ACTIVITY_SECONDS = 300


def start_session(request: HttpRequest, person: User) -> None:
    """Create the row of this request's session, or update it if the person logs in once more."""
    if not request.session.session_key:
        request.session.save()
    request.session[BEGAN_KEY] = request.session.get(BEGAN_KEY) or time.time()
    request.session[SEEN_KEY] = time.time()
    # A second log-in without a log-out in between keeps the session, and so its row.
    row, _created = LoginSession.objects.update_or_create(
        session_key=str(request.session.session_key),
        defaults={
            "person": person,
            "access_version": person.access_version,
            "is_program": is_api(request.path),
            "device": describe_device(request.META.get("HTTP_USER_AGENT", "")),
            "began": datetime.fromtimestamp(request.session[BEGAN_KEY], UTC),
        },
    )
    request.session[ROW_KEY] = row.pk


def record_activity(request: HttpRequest, *, now: bool = False) -> None:
    """Save when the person was last seen and the present key of their session.

    Does so every `ACTIVITY_SECONDS`, or at once if `now`.
    """
    person = request.user
    if not person.is_authenticated:
        return
    if not now and time.time() - request.session.get(SEEN_KEY, 0) < ACTIVITY_SECONDS:
        return
    request.session[SEEN_KEY] = time.time()
    rows = LoginSession.objects.filter(pk=current_row_id(request), person=person)
    facts = {"session_key": request.session.session_key, "access_version": person.access_version}
    if not rows.update(**facts, seen=timezone.now()):
        start_session(request, person)  # from before there were rows, or its row was deleted


def current_row_id(request: HttpRequest) -> int:
    """Return the id of this session's row; 0 if it has none."""
    return int(request.session.get(ROW_KEY) or 0)


def is_expired(session: SessionBase | dict[str, Any]) -> bool:
    """Whether the log-in is longer ago than SESSION_MAX_SECONDS, whatever happened since."""
    now = time.time()
    return now - session.get(BEGAN_KEY, now) > settings.SESSION_MAX_SECONDS


def active_sessions_of(person: User) -> QuerySet[LoginSession]:
    """Return the sessions in which this person is logged in, the last seen first."""
    return LoginSession.objects.active().filter(person=person).order_by("-seen", "-pk")


@transaction.atomic
def revoke_session(session: LoginSession, *, by: User) -> None:
    """Log the person out there, from the browser's or the program's next request on."""
    Session.objects.filter(session_key=session.session_key).delete()
    session.delete()
    audit.record("session.end", session.person, by=by)


def rows_without_session() -> QuerySet[LoginSession]:
    """Return the rows whose session of Django's is deleted."""
    sessions = Session.objects.filter(session_key=OuterRef("session_key"))
    return LoginSession.objects.filter(~Exists(sessions))
