"""Access to an account: its revocation, and new passwords, which revoke it.

Pages, API and admin call the same functions.
"""

from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth import HASH_SESSION_KEY, update_session_auth_hash
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts import activation, allauth_bridge, login_sessions, signals
from accounts.models import FormerAddress, User
from eventflow import mail
from eventflow.core import audit
from eventflow.core.errors import Refused


@transaction.atomic
def revoke_access(person: User, cause: str, *, by: User | None, **facts: Any) -> None:
    """Revoke every session and API token of this person, and delete their unverified addresses.

    The signal `access_revoked` lets other apps revoke what they issued in the person's name.
    `cause` is the action in the audit log, `facts` are stored with it. The browser that made the
    change stays logged in if its view calls `keep_current_session` afterwards.
    """
    User.objects.filter(pk=person.pk).update(access_version=F("access_version") + 1)
    person.refresh_from_db(fields=["access_version"])
    delete_unverified_addresses(person)
    signals.access_revoked.send(sender=User, person=person)
    audit.record(cause, person, by=by, **facts)


def delete_unverified_addresses(person: User) -> None:
    """Delete the new address that this person requested and has not verified, and its mails.

    The address of an account that is not activated yet stays.
    """
    unverified = EmailAddress.objects.filter(user=person, verified=False)
    pending = unverified.exclude(email=person.email)
    addresses = [*pending.values_list("email", flat=True)]
    pending.delete()
    mail.erase_addresses(addresses_without_account(addresses))


def addresses_without_account(addresses: list[str]) -> set[str]:
    """Return those of the addresses that no account has or had: nobody needs mail to them."""
    known = EmailAddress.objects.filter(email__in=addresses).values_list("email", flat=True)
    # The mails to a former address hold the link that undoes the change of address.
    former = FormerAddress.objects.filter(email__in=addresses).values_list("email", flat=True)
    return {*addresses}.difference(known, former)


def keep_current_session(request: HttpRequest) -> None:
    """Keep this browser logged in after a change of its own that revoked all sessions."""
    if not request.user.is_authenticated:
        return
    request.user.refresh_from_db(fields=["access_version"])
    if request.session.get(HASH_SESSION_KEY) != request.user.get_session_auth_hash():
        update_session_auth_hash(request, request.user)
        login_sessions.record_activity(request, now=True)


def change_password(person: User, password: str) -> None:
    """Set the new password of a person who is logged in, and revoke all access.

    Refused: `access_ended`, if the person's password or access changed since `person` was read.
    """
    # Hashed before the transaction, whose locks it would hold for a third of a second.
    new = make_password(password)
    with transaction.atomic():
        now = lock_person(person)
        if now is None or now.get_session_auth_hash() != person.get_session_auth_hash():
            message = _(
                "Your password was changed or you were logged out in the meantime. Log in again."
            )
            raise Refused("access_ended", message)
        save_password(person, new, "password.change")


def reset_password(person: User, password: str, *, key: str) -> None:
    """Set the new password of a person who opened the mailed link with this key; revoke all access.

    The link was mailed to the account's address, so the address is verified by this, too.
    Refused: `reset_invalid`, if the link was used before, or is too old.
    """
    new = make_password(password)
    with transaction.atomic():
        now = lock_person(person)
        if now is None or not allauth_bridge.is_password_reset_token(now, key):
            message = _("This link does not work any more. Ask for a new one.")
            raise Refused("reset_invalid", message)
        save_password(person, new, "password.reset")
        own = EmailAddress.objects.filter(user=person, email=now.email)
        if (address := own.filter(verified=False).first()) is not None:
            activation.verify_address(address, by=person)


def lock_person(person: User) -> User | None:
    """Lock the person's row until the transaction ends and return it; None if it is deleted."""
    return User.objects.select_for_update(no_key=True).filter(pk=person.pk).first()


def save_password(person: User, hashed: str, cause: str) -> None:
    """Save the hashed password and revoke all access. The caller's transaction has the lock."""
    person.password = hashed
    person.save(update_fields=["password"])
    revoke_access(person, cause, by=person)


def log_out_everywhere(person: User) -> None:
    """Revoke all sessions and tokens of the person, at their own wish."""
    revoke_access(person, "sessions.end", by=person)
