"""Logs a person in without the form, with a session as it is after password and second step."""

import time

from allauth.account.internal.flows import login
from django.test import Client

from accounts.models import User

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
# Far enough ahead that a slow machine is not asked to confirm who it is.
AHEAD_SECONDS = 3600


def log_in(client: Client, person: User) -> str:
    """Give the client a session of this person, as if they just gave every factor.

    Returns the session's key.
    """
    client.force_login(person, backend=BACKEND)
    session = client.session
    given = {"at": time.time() + AHEAD_SECONDS, "reauthenticated": True}
    factors = [{"method": "password", **given}, {"method": "mfa", "type": "totp", **given}]
    session[login.AUTHENTICATION_METHODS_SESSION_KEY] = factors
    session[login._AUTHENTICATION_METHODS_USER_SESSION_KEY] = str(person.pk)
    session.save()
    return str(session.session_key)
