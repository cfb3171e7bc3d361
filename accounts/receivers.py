"""A change of second steps ends all access and stands in the audit log, in the same transaction:
which kind, never a secret.

Not allauth's own signals: these come after the commit, when a crash may already have lost them.
"""

from typing import Any

from allauth.account.signals import password_changed, password_set
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authentication_failed
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.http import HttpRequest

from accounts import access, sessions
from accounts.models import LoginSession, User
from eventflow.core import audit


@receiver(post_save, sender=Authenticator)
def note_added(instance: Authenticator, created: bool, **kwargs: Any) -> None:
    if created:
        person, kind = instance.user, str(instance.type)
        access.revoke_access(person, "second_factor.add", by=person, kind=kind)


@receiver(post_delete, sender=Authenticator)
def note_removed(instance: Authenticator, **kwargs: Any) -> None:
    # An Admin who takes a lost step away is named by whoever deletes it for them.
    by = getattr(instance, "removed_by", instance.user)
    access.revoke_access(instance.user, "second_factor.remove", by=by, kind=str(instance.type))


@receiver(authentication_failed)
def note_wrong_code(user: User, **kwargs: Any) -> None:
    audit.record("second_factor.fail", user)


@receiver(user_logged_in)
def begin_session(request: HttpRequest, user: User, **kwargs: Any) -> None:
    request.session.pop(sessions.BEGAN, None)  # of an earlier log-in with this session
    sessions.begin(request, user)


@receiver([password_changed, password_set])
def keep_row(request: HttpRequest, **kwargs: Any) -> None:
    """The browser that changed the password goes on under another key."""
    sessions.touch(request, now=True)


@receiver(user_logged_out)
def note_logout(request: HttpRequest, user: User | None, **kwargs: Any) -> None:
    if user is not None:
        LoginSession.objects.filter(pk=sessions.row_of(request), person=user).delete()
        audit.record("logout", user, by=user)
