"""Two-step sign-in, by allauth: how its secrets are kept, and who must have it."""

import base64
import logging
import secrets
from typing import Any

from allauth.mfa import app_settings
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from allauth.mfa.utils import is_mfa_enabled
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.core.cache import cache
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.sealed import cipher

logger = logging.getLogger(__name__)

# What opens an account; recovery codes only stand in for one of these.
FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]


class MFAAdapter(DefaultMFAAdapter):
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
        """What a new passkey is called until its owner calls it something else."""
        number = 1 + Authenticator.objects.filter(user=user, type=type).count()
        return (
            gettext("My device")
            if number == 1
            else gettext("My device %(number)d") % {"number": number}
        )

    def encrypt(self, text: str) -> str:
        """Whoever reads the database alone can't make codes from it."""
        return cipher("mfa").encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """What was encrypted under a key that we no longer know is a secret that nobody has: no code will be right, and nothing breaks."""
        try:
            return cipher("mfa").decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            logger.warning(
                "a second step can't be read with today's DJANGO_SECRET_KEY, nor with its fallbacks"
            )
            return base64.b32encode(secrets.token_bytes(20)).decode()

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """The last factor of somebody who must have one stays until there is another."""
        others = Authenticator.objects.filter(user=authenticator.user_id, type__in=FACTORS).exclude(
            pk=authenticator.pk
        )
        return not must_have_two_factors(authenticator.user) or others.exists()


def remember_code(person: Any, code: str) -> None:
    """Let this code of the person's app open nothing more, for as long as it would be right.

    allauth itself remembers a used code for one step of its clock, though the steps before and
    after count too. This prolongs its memory, under its own key.
    """
    steps = 2 * app_settings.TOTP_TOLERANCE + 1
    key = TOTP(Authenticator(user_id=person.pk))._get_used_cache_key(code)
    cache.set(key, "y", timeout=steps * app_settings.TOTP_PERIOD)


class CodeOnce:
    """For a form that takes a code: one that was right works once."""

    user: Any

    def clean_code(self) -> str:
        code: str = super().clean_code()  # type: ignore[misc]
        remember_code(self.user, code)
        return code


def must_have_two_factors(person: Any) -> bool:
    return settings.ADMINS_NEED_TWO_FACTORS and person.is_authenticated and person.is_admin


def lacks_second_factor(person: Any) -> bool:
    """Whether this person may do nothing but set up a second step. Asks the database of Admins only, and where the setting is on."""
    return must_have_two_factors(person) and not is_mfa_enabled(person, FACTORS)
