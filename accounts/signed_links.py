"""The signed links in mails about an account. Only the button of their pages changes anything."""

from datetime import timedelta
from urllib.parse import quote

from allauth.account import app_settings
from allauth.account.models import EmailAddress
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.core import signing
from django.urls import reverse

from accounts.encryption import cipher
from accounts.models import FormerAddress

# How long a former address can undo a change. The mail about each change has a link for it.
UNDO_PERIOD = timedelta(days=7)


def activation_url(address: EmailAddress) -> str:
    """Return the link that verifies this address, at FRONTEND_ACTIVATION_URL."""
    key, base = activation_key(address), settings.FRONTEND_ACTIVATION_URL
    if "{token}" in base:
        return base.replace("{token}", quote(key))
    return f"{base.rstrip('/')}/activate/{key}/"


def activation_key(address: EmailAddress) -> str:
    """Return the signed id of the address. It is valid until the person's access changes."""
    return activation_signer(address).sign(str(address.pk))


def address_from_key(key: str) -> EmailAddress | None:
    """Return the address that the link with this key was mailed to.

    None if the signature is wrong or expired, or if the account has got another password since or
    its access was revoked: the person who asked for that link may be somebody else.
    """
    number = key.partition(":")[0]
    if not number.isdecimal():
        return None
    address = EmailAddress.objects.select_related("user").filter(pk=int(number[:20])).first()
    if address is None:
        return None
    max_age = 86400 * app_settings.EMAIL_CONFIRMATION_EXPIRE_DAYS
    try:
        activation_signer(address).unsign(key, max_age=max_age)
    except signing.BadSignature:
        return None
    return address


def activation_signer(address: EmailAddress) -> signing.TimestampSigner:
    """Return a signer whose salt holds the password hash and the access version.

    When one of them changes, no earlier link is valid.
    """
    person = address.user
    state = f"{address.email}:{person.password}:{person.access_version}"
    return signing.TimestampSigner(salt=f"accounts.activation:{state}")


def undo_url(former: FormerAddress) -> str:
    """Return the link, for a former address, that undoes the change of address.

    Its token is the encrypted and signed id of the row; it works while that row exists.
    """
    token = cipher("take_back").encrypt(str(former.pk).encode()).decode()
    return settings.SITE_URL + reverse("accounts:not_me", args=[token])


def former_address_from_token(token: str) -> FormerAddress | None:
    """Return the former address of an undo link.

    None if the token is not ours or expired, or if this link or an older one was used before.
    """
    try:
        text = cipher("take_back").decrypt(token.encode(), ttl=int(UNDO_PERIOD.total_seconds()))
    except InvalidToken:
        return None
    number = text.decode()
    return FormerAddress.objects.filter(pk=int(number)).first() if number.isdecimal() else None
