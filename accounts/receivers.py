"""Receivers of signals of Django and allauth: second factors, log-in, log-out.

A changed second factor revokes all access and is recorded in the audit log in the same
transaction: its kind, never a secret. allauth's own signals would come after the commit, when a
crash may already have lost them.
"""

from typing import Any

from allauth.account.signals import password_changed, password_set
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authentication_failed
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.http import HttpRequest

from accounts import access, login_sessions, second_factor
from accounts.models import LoginSession, User
from eventflow.core import audit


@receiver(post_save, sender=Authenticator)
def revoke_after_added_factor(instance: Authenticator, created: bool, **kwargs: Any) -> None:
    if created:
        person, kind = instance.user, str(instance.type)
        access.revoke_access(person, "second_factor.add", by=person, kind=kind)


@receiver(post_delete, sender=Authenticator)
def revoke_after_removed_factor(instance: Authenticator, **kwargs: Any) -> None:
    person, kind = instance.user, str(instance.type)
    by = second_factor.removing_admin.get() or person
    access.revoke_access(person, "second_factor.remove", by=by, kind=kind)


@receiver(authentication_failed)
def record_wrong_code(user: User, **kwargs: Any) -> None:
    audit.record("second_factor.fail", user)


@receiver(user_logged_in)
def start_session(request: HttpRequest, user: User, **kwargs: Any) -> None:
    request.session.pop(login_sessions.BEGAN_KEY, None)  # of an earlier log-in in this session
    login_sessions.start_session(request, user)


@receiver([password_changed, password_set])
def save_new_session_key(request: HttpRequest, **kwargs: Any) -> None:
    """The session of the browser that changed the password has another key from now on."""
    login_sessions.record_activity(request, now=True)


@receiver(user_logged_out)
def record_logout(request: HttpRequest, user: User | None, **kwargs: Any) -> None:
    if user is not None:
        row_id = login_sessions.current_row_id(request)
        LoginSession.objects.filter(pk=row_id, person=user).delete()
        audit.record("logout", user, by=user)
