"""Sign-up: a new person whose e-mail address is not verified yet.

The answers and their timing never tell whether an address has an account.
"""

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import identify_hasher, is_password_usable, make_password
from django.db import IntegrityError, transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts import activation, mails
from accounts.mail_limits import may_mail
from accounts.models import DELETED_DOMAIN, User
from eventflow import mail
from eventflow.core.errors import Refused
from eventflow.core.text import email_key

# The fields that a later sign-up with the same unverified address replaces.
REPLACED_FIELDS = ["password", "first_name", "last_name", "language"]


def sign_up(
    *, email: str, password: str, language: str, first_name: str = "", last_name: str = ""
) -> User | None:
    """Create a person and queue the mail with the activation link, in one transaction.

    Until the address is verified the newest sign-up counts: its password and names, and only its
    link works. Returns None if the address is verified already; its owner gets a mail instead. The
    caller must answer both alike. All cases take the same time: the password is hashed once, before
    the transaction, whose locks it would hold for a third of a second.
    Refused: `address_nowhere`.
    """
    email = email_key(email)
    # Accounts that are deleted later would find their address taken.
    if email.endswith(f"@{DELETED_DOMAIN}"):
        message = _("No mail reaches this address. Enter another.")
        raise Refused("address_nowhere", message, field="email")
    person = User(email=email, first_name=first_name, last_name=last_name, language=language)
    person.password = hash_password(password, pending=pending_password_hash(email))
    try:
        with transaction.atomic():
            person.save(force_insert=True)
            address = EmailAddress.objects.create(user=person, email=person.email, primary=True)
            activation.send_activation_link(address)
    except IntegrityError:  # the unique address: also when two people sign up at once
        return replace_pending_sign_up(person)
    return person


def pending_password_hash(email: str) -> str:
    """Return the password hash of a sign-up with this address that is not activated; "" if none."""
    pending = EmailAddress.objects.filter(email=email, primary=True, verified=False)
    return pending.values_list("user__password", flat=True).first() or ""


def hash_password(password: str, *, pending: str) -> str:
    """Hash the password; return `pending` itself if that is a hash of the same password.

    One computation tells both, because the salt is the same: a form that is sent twice makes no
    second link, and the time does not tell whether there was an earlier sign-up.
    """
    is_usable = bool(pending) and is_password_usable(pending)
    salt = identify_hasher(pending).decode(pending)["salt"] if is_usable else None
    return make_password(password, salt)


@transaction.atomic
def replace_pending_sign_up(newest: User) -> User | None:
    """Let `newest` replace an earlier sign-up with its address, which is not verified.

    If the address is verified, mail its owner instead and return None.
    """
    person = User.objects.select_for_update(no_key=True).get(email=newest.email)
    address = EmailAddress.objects.filter(user=person, email=person.email, verified=False).first()
    if address is None:
        notify_owner(person)
        return None
    is_same = person.password == newest.password
    for name in REPLACED_FIELDS:
        setattr(person, name, getattr(newest, name))
    person.was_signed_up_again |= not is_same
    person.save(update_fields=[*REPLACED_FIELDS, "was_signed_up_again"])
    address.user = person
    activation.send_activation_link(address, is_replacement=not is_same)
    return person


def notify_owner(owner: User) -> None:
    """Tell the owner of a verified address that somebody signed up with it."""
    if may_mail("exists", owner.email):
        args = {"person": owner.pk}
        mail.queue(mails.account_exists, to=owner, args=args, priority=mail.HIGH_PRIORITY)


def resend_activation_link(email: str) -> None:
    """Mail a new activation link to somebody who lost it.

    Every address gets some mail, so that the page can answer alike for all of them.
    """
    email = email_key(email)
    addresses = EmailAddress.objects.select_related("user").filter(email=email)
    address = addresses.order_by("-verified", "-primary").first()
    if address is None:
        notify_unknown_address(email)
    elif address.verified:
        notify_owner(address.user)
    else:
        activation.send_activation_link(address)


def notify_unknown_address(email: str) -> None:
    """Tell an address without an account that there is none."""
    if may_mail("unknown", email):
        language = get_language() or settings.LANGUAGE_CODE
        mail.queue_to_address(mails.unknown_account, address=email, language=language, args={})
