"""The second factor of a log-in, by allauth's MFA: its secrets, its codes, and who needs one."""

import base64
import logging
import secrets
from contextvars import ContextVar
from typing import Any

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from cryptography.fernet import InvalidToken
from django import forms
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.allauth_bridge import block_used_code
from accounts.encryption import cipher
from accounts.models import User

logger = logging.getLogger(__name__)

# What opens an account; recovery codes only replace one of these.
FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
# The Admin who is removing a factor of somebody else just now.
removing_admin: ContextVar[User | None] = ContextVar("removing_admin", default=None)


class MFAAdapter(DefaultMFAAdapter):
    """allauth's adapter, with encrypted secrets and our words."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _(
            "This code is not right. Use the newest one of your app, or a recovery code."
        ),
        "cannot_delete_authenticator": _(
            "Admins need a second step here. Add another one before you remove this one."
        ),
        "cannot_generate_recovery_codes": _(
            "Recovery codes come with an app or a passkey. Add one of these first."
        ),
    }

    def generate_authenticator_name(self, user: Any, type: Authenticator.Type) -> str:
        """Return the name of a new passkey, until its owner gives it another."""
        number = 1 + Authenticator.objects.filter(user=user, type=type).count()
        if number == 1:
            return gettext("My device")
        return gettext("My device %(number)d") % {"number": number}

    def encrypt(self, text: str) -> str:
        """Encrypt a secret, so that nobody can make codes from the database alone."""
        return cipher("mfa").encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Decrypt a secret. If its key is unknown return a random one: no code will be right."""
        try:
            return cipher("mfa").decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            logger.warning(
                "a second step can't be read with today's DJANGO_SECRET_KEY, nor with its fallbacks"
            )
            return base64.b32encode(secrets.token_bytes(20)).decode()

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Whether it may be deleted: not the last factor of a person who needs one."""
        factors = Authenticator.objects.filter(user=authenticator.user_id, type__in=FACTORS)
        has_others = factors.exclude(pk=authenticator.pk).exists()
        return has_others or not needs_second_factor(authenticator.user)


class SingleUseCode(forms.Form):
    """A form with the code of a second factor: a code that was right works once."""

    user: User

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if "code" in data:
            block_used_code(self.user, data["code"])
        return data


def needs_second_factor(person: User | AnonymousUser) -> bool:
    """Whether this person must have a second factor: Admins, where the setting says so."""
    return settings.ADMINS_NEED_TWO_FACTORS and person.is_authenticated and person.is_admin


def lacks_second_factor(person: User | AnonymousUser) -> bool:
    """Whether this person may do nothing before they set up a second factor.

    Asks the database for Admins only, and only where the setting is on.
    """
    return needs_second_factor(person) and not is_mfa_enabled(person, FACTORS)


def remove_factor(factor: Authenticator, *, by: User) -> None:
    """Delete a second factor that its owner has lost, on an Admin's word. Revokes all access."""
    token = removing_admin.set(by)
    try:
        factor.delete()
    finally:
        removing_admin.reset(token)
