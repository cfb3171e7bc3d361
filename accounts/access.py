"""What ends access to an account, and what sets its password: for pages, API and admin alike."""

from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from django.contrib.auth import HASH_SESSION_KEY, update_session_auth_hash
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts import services, sessions, signals
from accounts.models import FormerAddress, User
from eventflow import mail
from eventflow.core import audit
from eventflow.core.errors import Refused


@transaction.atomic
def revoke_access(person: User, cause: str, *, by: User | None, **facts: Any) -> None:
    """End what lets anybody act as this person: every session and API token, unproven addresses,
    and through the signal `access_revoked` what other apps gave out in the person's name.

    `cause` is the action that the audit log names, `facts` go with it. A browser that made the
    change itself stays logged in when its door calls `keep_session` afterwards.
    """
    User.objects.filter(pk=person.pk).update(access_version=F("access_version") + 1)
    person.refresh_from_db(fields=["access_version"])
    drop_unproven_addresses(person)
    signals.access_revoked.send(sender=User, person=person)
    audit.record(cause, person, by=by, **facts)


def drop_unproven_addresses(person: User) -> None:
    """Give up the new address that this person asked for and has not proven.

    The address of an account that is not active yet stays.
    """
    unproven = EmailAddress.objects.filter(user=person, verified=False).exclude(email=person.email)
    addresses = [*unproven.values_list("email", flat=True)]
    unproven.delete()
    mail.forget(belonging_to_nobody(addresses))


def belonging_to_nobody(addresses: list[str]) -> set[str]:
    """Those that no account has: what waits for the others is for their owners."""
    known = EmailAddress.objects.filter(email__in=addresses).values_list("email", flat=True)
    # The mails to an address that an account has left hold the link that takes it back.
    left = FormerAddress.objects.filter(email__in=addresses).values_list("email", flat=True)
    return {*addresses}.difference(known, left)


def keep_session(request: HttpRequest) -> None:
    """Let this browser stay logged in after a change of its own that ended all sessions."""
    if not request.user.is_authenticated:
        return
    request.user.refresh_from_db(fields=["access_version"])
    if request.session.get(HASH_SESSION_KEY) != request.user.get_session_auth_hash():
        update_session_auth_hash(request, request.user)
        sessions.touch(request, now=True)


def change_password(person: User, password: str) -> None:
    """Give somebody who is logged in a new password. Ends all access.

    Refused: `access_ended`, if the person's password or access was changed since it was read.
    """
    # Hashed before the transaction, whose locks it would hold for a third of a second.
    new = make_password(password)
    with transaction.atomic():
        now = locked(person)
        if now is None or now.get_session_auth_hash() != person.get_session_auth_hash():
            message = _(
                "Your password was changed or you were logged out in the meantime. Log in again."
            )
            raise Refused("access_ended", message)
        save_password(person, new, "password.change")


def reset_password(person: User, password: str, *, key: str) -> None:
    """Give somebody who opened the mailed link, with this key, a new password. Ends all access.

    The link was mailed to the account's address, so an account not active yet is active now.
    Refused: `reset_invalid`, if the link was used since, or does not work any more.
    """
    new = make_password(password)
    with transaction.atomic():
        now = locked(person)
        if now is None or not default_token_generator.check_token(now, key):
            raise Refused(
                "reset_invalid", _("This link does not work any more. Ask for a new one.")
            )
        save_password(person, new, "password.reset")
        own = EmailAddress.objects.filter(user=person, email=now.email)
        if (address := own.filter(verified=False).first()) is not None:
            services.prove(address, by=person)


def locked(person: User) -> User | None:
    """The person as they are now, until the transaction ends. None if they are gone."""
    return User.objects.select_for_update(no_key=True).filter(pk=person.pk).first()


def save_password(person: User, hashed: str, cause: str) -> None:
    """Call it in a transaction that has locked the person."""
    person.password = hashed
    person.save(update_fields=["password"])
    revoke_access(person, cause, by=person)


def end_other_sessions(person: User) -> None:
    """Log the person out everywhere; a browser that asks for it stays in with `keep_session`."""
    revoke_access(person, "sessions.end", by=person)
