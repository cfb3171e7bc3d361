"""Encryption under keys that are derived from DJANGO_SECRET_KEY, one key for each purpose."""

import base64
import hmac

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


def cipher(purpose: str) -> MultiFernet:
    """Return the cipher of this purpose, such as "mfa".

    It encrypts with today's key, and decrypts what today's key or one of
    DJANGO_SECRET_KEY_FALLBACKS has encrypted for the same purpose.
    """
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(derive_key(secret, purpose)) for secret in secrets])


def derive_key(secret: str, purpose: str) -> bytes:
    digest = hmac.digest(secret.encode(), f"eventflow.{purpose}".encode(), "sha256")
    return base64.urlsafe_b64encode(digest)
