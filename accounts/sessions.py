"""Where somebody is logged in: browsers, and programs with tokens of the API. Each is a session.

A row beside Django's session says which device and since when, so that its person can tell them
apart and end one. No network address is kept: it would write down where somebody goes.
"""

import time
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.devices import device_of
from accounts.models import LoginSession, User
from eventflow.core import audit
from eventflow.core.errors import is_api

# In Django's session: when somebody logged in, when they were last seen (in seconds since 1970),
# and the number of the row.
BEGAN, SEEN, ROW = "login_began", "login_seen", "login_row"
# The time of somebody who is there is written down this often, in seconds.
EVERY = 300


def begin(request: HttpRequest, person: User) -> None:
    """Write a log-in down as a session of this person."""
    if not request.session.session_key:
        request.session.save()
    request.session[BEGAN] = request.session.get(BEGAN) or time.time()
    request.session[SEEN] = time.time()
    # Who logs in once more without logging out keeps the session, and so its row.
    row, _created = LoginSession.objects.update_or_create(
        session_key=str(request.session.session_key),
        defaults={
            "person": person,
            "access_version": person.access_version,
            "is_program": is_api(request.path),
            "device": device_of(request.META.get("HTTP_USER_AGENT", "")),
            "began": datetime.fromtimestamp(request.session[BEGAN], UTC),
        },
    )
    request.session[ROW] = row.pk


def touch(request: HttpRequest, *, now: bool = False) -> None:
    """Note that the person is there, every few minutes or `now`, and the key that their session has by now."""
    person = request.user
    if not person.is_authenticated:
        return
    if not now and time.time() - request.session.get(SEEN, 0) < EVERY:
        return
    request.session[SEEN] = time.time()
    mine = LoginSession.objects.filter(pk=row_of(request), person=person)
    known = {"session_key": request.session.session_key, "access_version": person.access_version}
    if not mine.update(**known, seen=timezone.now()):
        begin(request, person)  # from before there were rows, or ended with the others


def row_of(request: HttpRequest) -> int:
    """The number of this session's row; 0 if it has none."""
    return int(request.session.get(ROW) or 0)


def is_too_old(session: Any) -> bool:
    """Whether this log-in was so long ago that it ends, however often somebody came back since."""
    return time.time() - session.get(BEGAN, time.time()) > settings.SESSION_MAX_SECONDS


def sessions_of(person: User) -> QuerySet[LoginSession]:
    """Where this person is logged in, the last seen first."""
    return LoginSession.objects.alive().filter(person=person).order_by("-seen", "-pk")


@transaction.atomic
def end_session(session: LoginSession, *, by: User) -> None:
    """Log out there, at once: a browser's next click, or a program's next request."""
    Session.objects.filter(session_key=session.session_key).delete()
    session.delete()
    audit.record("session.end", session.person, by=by)


def dead_rows() -> QuerySet[LoginSession]:
    """Rows whose session is over."""
    sessions = Session.objects.filter(session_key=OuterRef("session_key"))
    return LoginSession.objects.filter(~Exists(sessions))
