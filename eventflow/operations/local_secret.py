"""The secret key: made once for a trial; a key that others can know is refused."""

import contextlib
import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from eventflow.core.private_files import protect_file, protect_folder

MIN_LENGTH = 32
# The key in .env.dev, which everybody can read.
PUBLISHED_KEY = "only-for-one-machine-and-never-in-production"
MAKE_ONE = "make one with: openssl rand -base64 48"


def local_secret_key(folder: Path) -> str:
    """The secret key in this folder, made if there is none.

    Of several processes that start at once, one makes it and all read the same.
    """
    protect_folder(folder)
    key, new = folder / "secret-key", folder / f"secret-key.{os.getpid()}"
    if not key.is_file():
        new.touch(mode=0o600)
        # Letters and digits: in the environment a value that begins with $ names another variable.
        new.write_text(secrets.token_urlsafe(50))
        # A link is made completely or not at all, and never over an existing file.
        with contextlib.suppress(FileExistsError):
            key.hardlink_to(new)
        new.unlink()
    protect_file(key)
    return key.read_text()


def check_secret(key: str, *, because: str) -> None:
    """Refuse a key that is missing, published or short. `because`: why this is no trial."""
    if not key:
        raise ImproperlyConfigured(
            f"Set DJANGO_SECRET_KEY to a long random string: {because}, so this is no trial, for "
            "which EventFlow makes one itself."
        )
    if key == PUBLISHED_KEY:
        raise ImproperlyConfigured(
            f"DJANGO_SECRET_KEY is the one in .env.dev, which everybody can read; {MAKE_ONE}"
        )
    if len(key) < MIN_LENGTH:
        raise ImproperlyConfigured(
            f"DJANGO_SECRET_KEY has {len(key)} characters, and {MIN_LENGTH} are the least; "
            f"{MAKE_ONE}"
        )
