"""The links in mails about an account. Opening one changes nothing; the button behind it does."""

from datetime import timedelta
from urllib.parse import quote

from allauth.account import app_settings
from allauth.account.models import EmailAddress
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.core import signing
from django.urls import reverse

from accounts.models import FormerAddress
from accounts.sealed import cipher

# How long the old address can take an account back. A link for it is in the mail about each change.
TAKE_BACK = timedelta(days=7)


def activation_url(address: EmailAddress) -> str:
    key, base = activation_key(address), settings.FRONTEND_ACTIVATION_URL
    if "{token}" in base:
        return base.replace("{token}", quote(key))
    return f"{base.rstrip('/')}/activate/{key}/"


def activation_key(address: EmailAddress) -> str:
    """Holds nothing but the signed number of the address, and works for as long as nobody's access changes."""
    return signer_for(address).sign(str(address.pk))


def address_behind(key: str) -> EmailAddress | None:
    """The address that this link was sent to.

    None if we did not make the link, or too long ago, or if the account has got another password
    since or its access was revoked: whoever asked for that link then is nobody now.
    """
    number = key.partition(":")[0]
    if not number.isdecimal():
        return None
    address = EmailAddress.objects.select_related("user").filter(pk=int(number[:20])).first()
    if address is None:
        return None
    try:
        signer_for(address).unsign(key, max_age=86400 * app_settings.EMAIL_CONFIRMATION_EXPIRE_DAYS)
    except signing.BadSignature:
        return None
    return address


def signer_for(address: EmailAddress) -> signing.TimestampSigner:
    """The password's hash and the access version are part of the key: with another one no old link is right."""
    person = address.user
    state = f"{address.email}:{person.password}:{person.access_version}"
    return signing.TimestampSigner(salt=f"accounts.activation:{state}")


def take_back_url(former: FormerAddress) -> str:
    """For the mail to an address that the account is about to leave, or has left: "this was not me".

    Encrypted and signed: it holds nothing but the number of the row, and works while that row is there.
    """
    token = cipher("take_back").encrypt(str(former.pk).encode()).decode()
    return settings.SITE_URL + reverse("accounts:not_me", args=[token])


def former_address_behind(token: str) -> FormerAddress | None:
    """None if we did not make the link, or too long ago, or if it or an older one was used since."""
    try:
        told = cipher("take_back").decrypt(token.encode(), ttl=int(TAKE_BACK.total_seconds()))
    except InvalidToken:
        return None
    number = told.decode()
    return FormerAddress.objects.filter(pk=int(number)).first() if number.isdecimal() else None
