"""Text that only we can read: encrypted under keys that come from DJANGO_SECRET_KEY."""

import base64
import hmac

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


def cipher(purpose: str) -> MultiFernet:
    """Encrypts for one purpose with today's key, and reads what any key of before has encrypted."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(derived(key, purpose)) for key in keys])


def derived(key: str, purpose: str) -> bytes:
    return base64.urlsafe_b64encode(
        hmac.digest(key.encode(), f"eventflow.{purpose}".encode(), "sha256")
    )
