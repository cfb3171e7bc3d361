"""Logs people in with the product's own sessions and tokens, without hashing a password.

`python -m bench.people <first id> <last id>` prints a line of JSON for each.
"""

import json
import sys
from datetime import timedelta
from typing import Any


def main(first: int, last: int) -> None:
    import django

    django.setup()
    from django.contrib.sessions.models import Session
    from django.utils import timezone

    from accounts.models import User

    until = timezone.now() + timedelta(days=7)
    made = [
        signed_in(person, until)
        for person in User.objects.filter(pk__range=(first, last)).order_by("pk").iterator()
    ]
    Session.objects.bulk_create([session for session, _line in made], batch_size=1000)
    for _session, line in made:
        sys.stdout.write(json.dumps(line) + "\n")


def signed_in(person: Any, until: Any) -> tuple[Any, dict[str, Any]]:
    """A session as a log-in makes it, with its cookie for the pages and its token for the API."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore
    from django.contrib.sessions.models import Session

    from accounts.allauth_bridge import create_access_token

    store = SessionStore()
    data = {
        SESSION_KEY: str(person.pk),
        BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
        HASH_SESSION_KEY: person.get_session_auth_hash(),
        "_session_expiry": settings.HEADLESS_JWT_REFRESH_TOKEN_EXPIRES_IN,
    }
    key = store._get_new_session_key()  # type: ignore[attr-defined]
    store._session_key = key
    token = create_access_token(person, store)
    session = Session(session_key=key, session_data=store.encode(data), expire_date=until)
    return session, {
        "id": person.pk,
        "token": token,
        "cookie": f"{settings.SESSION_COOKIE_NAME}={key}",
    }


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
