"""What is done to accounts: sign up, activate, change, grant a role, block."""

import hashlib
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import identify_hasher, is_password_usable, make_password
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts import links, mails, signals
from accounts.models import NOWHERE, FormerAddress, User
from eventflow import mail
from eventflow.core import audit
from eventflow.core.errors import Refused
from eventflow.core.search import every_word
from eventflow.core.text import email_key

# One mail of a kind to an address in this time, so that nobody can fill a stranger's mailbox from our forms. In seconds.
MAIL_PAUSE = 180
# Links an hour to one address, of a kind, that take the place of links which ended with the account's state.
REPLACED_MAILS = 5
# What the newest sign-up with an address says instead of the one before.
REPLACED = ["password", "first_name", "last_name", "language"]


# --- signing up -------------------------------------------------------------------------------------------------------


def sign_up(
    *, email: str, password: str, language: str, first_name: str = "", last_name: str = ""
) -> User | None:
    """Create a person who has yet to prove the address, and queue the mail for that, in one transaction.

    While an address is not proven the newest sign-up counts: its password and names, and no other link.
    None if the address is proven; its owner gets a mail instead. The caller answers alike, and all
    take the same time: the password is hashed once, before the transaction, whose locks it would
    hold for a third of a second. Refused: address_nowhere.
    """
    email = email_key(email)
    if email.endswith(f"@{NOWHERE}"):  # it would stand in the way of whoever leaves next
        raise Refused(
            "address_nowhere", _("No mail reaches this address. Enter another."), field="email"
        )
    person = User(email=email, first_name=first_name, last_name=last_name, language=language)
    person.password = hashed(password, like=password_waiting_at(email))
    try:
        with transaction.atomic():
            person.save(force_insert=True)
            address = EmailAddress.objects.create(user=person, email=person.email, primary=True)
            send_activation(address)
    except IntegrityError:  # the unique address: also when two of them sign up at once
        return sign_up_again(person)
    return person


def password_waiting_at(email: str) -> str:
    """The hash of an earlier sign-up with this address that is not activated; empty if there is none."""
    waiting = EmailAddress.objects.filter(email=email, primary=True, verified=False)
    return waiting.values_list("user__password", flat=True).first() or ""


def hashed(password: str, *, like: str) -> str:
    """The password's hash; `like` itself if that is already one of the same password.

    One hash tells both, because the salt is the same: whoever sends a form twice gets no second link,
    and the clock does not tell whether there was an earlier sign-up.
    """
    salt = identify_hasher(like).decode(like)["salt"] if like and is_password_usable(like) else None
    return make_password(password, salt)


@transaction.atomic
def sign_up_again(newest: User) -> User | None:
    """Let the newest sign-up take the place of an earlier one; mail the owner instead if the address is proven."""
    person = User.objects.select_for_update(no_key=True).get(email=newest.email)
    address = EmailAddress.objects.filter(user=person, email=person.email, verified=False).first()
    if address is None:
        tell_owner(person)
        return None
    is_same = person.password == newest.password
    for name in REPLACED:
        setattr(person, name, getattr(newest, name))
    person.was_signed_up_again |= not is_same
    person.save(update_fields=[*REPLACED, "was_signed_up_again"])
    address.user = person
    send_activation(address, replaced=not is_same)
    return person


def send_activation(address: EmailAddress, *, replaced: bool = False) -> None:
    """Queue the link for this address, unless it got one just now.

    Links of before do not work any more where another sign-up was `replaced`: then a new one is
    due at once, but only a few times an hour.
    """
    due = (
        may_mail_again("activation", address.email)
        if replaced
        else may_mail("activation", address.email)
    )
    if due:
        language, args = address.user.language, {"address": address.pk}
        mail.queue_to_address(mails.activation, address=address.email, language=language, args=args)


def tell_owner(owner: User) -> None:
    if may_mail("exists", owner.email):
        mail.queue(
            mails.account_exists, to=owner, args={"person": owner.pk}, priority=mail.FIRST_IN_LINE
        )


def send_link_again(email: str) -> None:
    """Somebody lost the activation link. Every address gets a mail, so that the answer tells nobody which ones are known."""
    email = email_key(email)
    address = (
        EmailAddress.objects.select_related("user")
        .filter(email=email)
        .order_by("-verified", "-primary")
        .first()
    )
    if address is None:
        if may_mail("unknown", email):
            mail.queue_to_address(
                mails.unknown_account,
                address=email,
                language=get_language() or settings.LANGUAGE_CODE,
                args={},
            )
    elif address.verified:
        tell_owner(address.user)
    else:
        send_activation(address)


def may_mail_new_password(person: User) -> bool:
    """Whether a link to a new password may be mailed: none for a while, or that one ended with a log-in or a new password."""
    state = f"{person.get_session_auth_hash()}:{person.last_login}"
    is_due = may_mail("new password", person.email)
    is_first_of_state = may_mail(f"new password:{state}", person.email)
    return is_due or (is_first_of_state and may_mail_again("new password", person.email))


def may_mail_again(kind: str, email: str) -> bool:
    """Whether a link of this kind may be mailed in place of one that ended: `REPLACED_MAILS` times an hour."""
    kinds = (f"{kind}-{number}" for number in range(REPLACED_MAILS))
    return any(may_mail(each, email, pause=3600) for each in kinds)


def may_mail(kind: str, email: str, *, pause: int = MAIL_PAUSE) -> bool:
    """Whether this address got no mail of this kind for a while. Remembered in the cache, which all web processes share."""
    key = hashlib.sha256(f"{kind} {email}".encode()).hexdigest()
    return not settings.RATE_LIMITS or cache.add(f"account-mail:{key}", 1, timeout=pause)


# --- activation -------------------------------------------------------------------------------------------------------


def activate(key: str) -> tuple[EmailAddress, bool]:
    """The owner of the mailbox pressed the button: the address is theirs, and from now on the one they log in with.

    Returns the address, and whether it was this press that proved it: doing it again changes nothing. Refused: `activation_invalid`, `email_taken`.
    """
    invalid = Refused(
        "activation_invalid", _("This link does not work any more. Ask for a new one.")
    )
    address = links.address_behind(key)
    if address is None:
        raise invalid
    try:
        with transaction.atomic():
            # Judged again under the lock: a sign-up of this very moment may have replaced the password.
            User.objects.select_for_update(no_key=True).get(pk=address.user_id)
            address = links.address_behind(key)
            if address is None:
                raise invalid
            return address, prove(address, by=address.user)
    except User.DoesNotExist:  # gave way to a proven account at this very moment
        raise invalid from None
    except IntegrityError:
        raise Refused("email_taken", _("This address belongs to another account by now.")) from None


def vouch_for(person: User, *, by: User) -> bool:
    """Activate somebody whom no mail reaches, on an Admin's word. False if there was nothing to do."""
    address = EmailAddress.objects.filter(user=person, primary=True, verified=False).first()
    return prove(address, by=by) if address else False


@transaction.atomic
def prove(address: EmailAddress, *, by: User) -> bool:
    """Make this the person's only address. False if it was already."""
    person = User.objects.select_for_update(no_key=True).get(pk=address.user_id)
    address.refresh_from_db(fields=["verified"])
    if address.verified:
        return False
    others = EmailAddress.objects.filter(user=person).exclude(pk=address.pk)
    left_behind = others.filter(verified=True).first()
    others.delete()
    if person.email != address.email:
        give_way(address.email)
    address.verified = address.primary = True
    address.save()
    person.email, person.was_signed_up_again = address.email, False
    person.save(update_fields=["email", "was_signed_up_again"])
    signals.address_proven.send(sender=User, person=person)
    audit.record(
        "account.activate" if left_behind is None else "account.change_email", person, by=by
    )
    if left_behind is not None:
        before = left_behind.email
        remember_former(person, before)
        args = {"person": person.pk, "before": before}
        mail.queue_to_address(
            mails.email_changed, address=before, language=person.language, args=args
        )
    return True


def give_way(email: str) -> None:
    """Delete the account of an unproven sign-up with this address, for somebody who has just proven it.

    An account with a proven address stays. Call it in a transaction.
    """
    waiting = User.objects.select_for_update().filter(email=email).first()
    if waiting and not EmailAddress.objects.filter(user=waiting, verified=True).exists():
        waiting.delete()


def remember_former(person: User, email: str) -> None:
    """Let this address take the account back for some days from now on, once."""
    FormerAddress.objects.update_or_create(
        person=person, email=email, defaults={"made": timezone.now()}
    )


@transaction.atomic
def add_person(person: User, *, by: User) -> None:
    """Save somebody new, password included, whom an Admin vouches for; they can log in at once."""
    person.save(force_insert=True)
    EmailAddress.objects.create(user=person, email=person.email, primary=True, verified=True)
    signals.address_proven.send(sender=User, person=person)
    audit.record("account.add", person, by=by)


# --- changes ----------------------------------------------------------------------------------------------------------


def change_settings(person: User, **fields: Any) -> None:
    """Names and language, as the person wants them."""
    for name, value in fields.items():
        setattr(person, name, value)
    person.save(update_fields=[*fields])


@transaction.atomic
def grant_role(person: User, role: str, *, by: User) -> User:
    """Give the person this role instead of theirs; it counts from their next click. Refused: `last_admin`."""
    if role != User.Role.ADMIN:
        spare_last_admin(person)
    person = User.objects.select_for_update(no_key=True).get(pk=person.pk)
    before, person.role = person.role, role
    if before != role:
        person.save(update_fields=["role"])
        audit.record("role.grant", person, by=by, before=before, after=role)
        tell_role(person, before)
    return person


def tell_role(person: User, before: str) -> None:
    """Write to the person what they may do now. The delay leaves time to mend a slip: back to the role that they know of, no mail leaves."""
    waiting = mail.waiting(mails.role_changed, person=person.pk)
    known = waiting["before"] if waiting else before
    mail.recall(mails.role_changed, person=person.pk)
    if person.role != known:
        args = {"person": person.pk, "role": person.role, "before": known}
        mail.queue(
            mails.role_changed, to=person, args=args, delay=settings.MAIL_DECISION_DELAY_SECONDS
        )


def set_organizer(person: User, may_organize: bool, *, by: User) -> User:
    """Let the person create events, or no longer. Refused: admin_organizes, for an Admin always may."""
    if may_organize:
        return person if person.is_organizer else grant_role(person, User.Role.ORGANIZER, by=by)
    if person.is_admin:
        raise Refused(
            "admin_organizes",
            _("An Admin can always organize. Give this person another role instead."),
        )
    return grant_role(person, User.Role.USER, by=by)


@transaction.atomic
def block(person: User, *, by: User) -> None:
    """Shut somebody out everywhere, from the next request on. Refused: `last_admin`."""
    spare_last_admin(person)
    if User.objects.filter(pk=person.pk, is_active=True).update(is_active=False):
        audit.record("account.block", person, by=by)


@transaction.atomic
def unblock(person: User, *, by: User) -> None:
    if User.objects.filter(pk=person.pk, is_active=False).update(is_active=True):
        audit.record("account.unblock", person, by=by)


def spare_last_admin(person: User) -> None:
    """Refuse if this is the only Admin left.

    Locks all Admins, always in the same order: two of them who demote each other at once would both count one left.
    (`no_key`: their audit entries and reservations, which only name them, go on.)
    """
    admins = (
        User.objects.select_for_update(no_key=True)
        .filter(role=User.Role.ADMIN, is_active=True)
        .order_by("pk")
    )
    if [admin.pk for admin in admins] == [person.pk]:
        raise Refused("last_admin", _("This is the only Admin. Make somebody else Admin first."))


# --- reads that more than one door needs ------------------------------------------------------------------------------


def matching(query: str) -> Q:
    """People in whose name or address every word of the query stands."""
    return every_word(query, "first_name_folded", "last_name_folded", "email")
