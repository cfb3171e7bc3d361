"""The mails about an account. Each builder looks at the account as it is when the mail leaves."""

from urllib.parse import quote

from allauth.account import app_settings
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from django.conf import settings

from accounts.models import User
from eventflow.mail import Letter


def activation(address: int) -> Letter | None:
    """The link that proves the address is theirs. None once it is proven, or was given up for another."""
    proof = EmailAddress.objects.select_related("user").filter(pk=address, verified=False).first()
    if proof is None:
        return None
    facts = {"person": proof.user, "url": activation_url(proof), "days": app_settings.EMAIL_CONFIRMATION_EXPIRE_DAYS}
    return Letter.render("account/activation" if proof.primary else "account/new_address", facts)


def account_exists(person: int) -> Letter | None:
    """For an owner whose address was used to sign up again: what to do if it was them, or not."""
    owner = User.objects.filter(pk=person).first()
    if owner is None:
        return None
    waiting = EmailAddress.objects.filter(user=owner, email=owner.email, verified=False).first()
    return Letter.render("account/account_exists", {"person": owner, "url": activation_url(waiting) if waiting else ""})


def unknown_account() -> Letter:
    """For an address that asked for a link and belongs to nobody."""
    return Letter.render("account/unknown_account", {})


def email_changed(person: int) -> Letter | None:
    """To the address that was left behind."""
    owner = User.objects.filter(pk=person).first()
    return Letter.render("account/email_changed", {"person": owner}) if owner else None


def account_deleted() -> Letter:
    """The last one, to whom nobody here remembers."""
    return Letter.render("account/account_deleted", {})


def rendered(subject: str, text: str, html: str) -> Letter:
    """A mail that was worded when it was queued. Its words are forgotten once it is sent."""
    return Letter(subject, text, html)


def activation_url(address: EmailAddress) -> str:
    """The link holds nothing but the signed number of the address; it expires, and works once."""
    key, base = EmailConfirmationHMAC(address).key, settings.FRONTEND_ACTIVATION_URL
    return base.replace("{token}", quote(key)) if "{token}" in base else f"{base.rstrip('/')}/activate/{key}/"
