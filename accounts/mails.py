"""The mails about an account.

A builder takes what the outbox stored with the mail, reads the account as it is when the mail
leaves, and returns the letter, or None if nothing needs to be said any more.
"""

from allauth.account import app_settings
from allauth.account.models import EmailAddress
from django.conf import settings
from django.urls import reverse

from accounts import allauth_bridge, signed_links
from accounts.models import FormerAddress, User
from eventflow.mail import Letter, mail_builder


@mail_builder("accounts.activation", formerly="accounts.mails.activation")
def activation(address: int, replaced: bool = False) -> Letter | None:
    """Build the mail with the link that verifies an address, by its id.

    None once it is verified, or was given up for another. Warns where sign-ups replaced each other,
    whatever the mail was queued for: it holds the newest link. (`replaced` stands in mails that an
    earlier version queued.)
    """
    unverified = EmailAddress.objects.select_related("user").filter(pk=address, verified=False)
    row = unverified.first()
    if row is None:
        return None
    facts = {
        "person": row.user,
        "url": signed_links.activation_url(row),
        "days": app_settings.EMAIL_CONFIRMATION_EXPIRE_DAYS,
        "replaced": replaced or row.user.was_signed_up_again,
    }
    return Letter.render("account/activation" if row.primary else "account/new_address", facts)


@mail_builder("accounts.account_exists", formerly="accounts.mails.account_exists")
def account_exists(person: int) -> Letter | None:
    """Build the mail to an owner with whose address somebody signed up again."""
    owner = User.objects.filter(pk=person).first()
    if owner is None:
        return None
    return Letter.render("account/account_exists", {"person": owner})


@mail_builder("accounts.role_changed", formerly="accounts.mails.role_changed")
def role_changed(person: int, role: str, before: str) -> Letter | None:
    """Build the mail that says what a person may do from now on.

    None once they have another role. `before`: the role that they know of.
    """
    holder = User.objects.filter(pk=person, role=role).first()
    if holder is None:
        return None
    panel = settings.SITE_URL + reverse("events:panel")
    facts = {"person": holder, "url": panel if holder.is_organizer else ""}
    return Letter.render("account/role_changed", facts)


@mail_builder("accounts.unknown_account", formerly="accounts.mails.unknown_account")
def unknown_account() -> Letter:
    """Build the mail to an address that requested a link and has no account."""
    return Letter.render("account/unknown_account", {})


@mail_builder("accounts.address_asked", formerly="accounts.mails.address_asked")
def address_asked(person: int, before: str) -> Letter | None:
    """Build the mail to the present address, `before`, while another one waits to be verified.

    None once the change was made or given up.
    """
    owner = User.objects.filter(pk=person).first()
    wanted = EmailAddress.objects.filter(user=person, verified=False, primary=False).first()
    former = FormerAddress.objects.filter(person=person, email=before).first()
    if owner is None or wanted is None or former is None or owner.email != before:
        return None
    facts = {"email": wanted.email, "url": signed_links.undo_url(former)}
    return Letter.render("account/address_asked", facts | {"days": signed_links.UNDO_PERIOD.days})


@mail_builder("accounts.email_changed", formerly="accounts.mails.email_changed")
def email_changed(person: int, before: str) -> Letter | None:
    """Build the mail to the former address, `before`. None once the change was undone."""
    addresses = FormerAddress.objects.select_related("person")
    former = addresses.filter(person=person, email=before).first()
    if former is None:
        return None
    facts = {"person": former.person, "url": signed_links.undo_url(former)}
    return Letter.render("account/email_changed", facts | {"days": signed_links.UNDO_PERIOD.days})


@mail_builder("accounts.choose_password", formerly="accounts.mails.choose_password")
def choose_password(person: int) -> Letter | None:
    """Build the mail to an owner who undid a change of address and has no password now."""
    owner = User.objects.filter(pk=person).first()
    if owner is None:
        return None
    url = password_reset_url(allauth_bridge.password_reset_key(owner))
    return Letter.render("account/password_reset_key", {"password_reset_url": url})


def password_reset_url(key: str) -> str:
    """Return the link to a new password, on SITE_URL, whatever host name the request had."""
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
    return settings.SITE_URL + path.replace("UID-KEY", key)


@mail_builder("accounts.account_deleted", formerly="accounts.mails.account_deleted")
def account_deleted() -> Letter:
    """Build the last mail, which confirms that the account is deleted."""
    return Letter.render("account/account_deleted", {})


@mail_builder("accounts.rendered", formerly="accounts.mails.rendered")
def rendered(subject: str, text: str, html: str) -> Letter:
    """Return a mail that was rendered when it was queued. The outbox erases it once it is sent."""
    return Letter(subject, text, html)
