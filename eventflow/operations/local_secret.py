"""The secret key: made once for a trial, and refused where it would protect nothing."""

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
    """The secret kept in this folder. Of several processes that start at once, one makes it and all read the same."""
    protect_folder(folder)
    kept, new = folder / "secret-key", folder / f"secret-key.{os.getpid()}"
    if not kept.is_file():
        new.touch(mode=0o600)
        # Letters and digits: a value that begins with $ is taken for another variable's name where it is handed on in the environment.
        new.write_text(secrets.token_urlsafe(50))
        # A link is made whole or not at all, and never over another.
        with contextlib.suppress(FileExistsError):
            kept.hardlink_to(new)
        new.unlink()
    protect_file(kept)
    return kept.read_text()


def check_secret(key: str, *, because: str) -> None:
    """Refuse a key that somebody else can know or guess. `because`: why this is no trial."""
    if not key:
        raise ImproperlyConfigured(
            f"Set DJANGO_SECRET_KEY to a long random string: {because}, so this is no trial, for which EventFlow makes one itself."
        )
    if key == PUBLISHED_KEY:
        raise ImproperlyConfigured(
            f"DJANGO_SECRET_KEY is the one in .env.dev, which everybody can read; {MAKE_ONE}"
        )
    if len(key) < MIN_LENGTH:
        raise ImproperlyConfigured(
            f"DJANGO_SECRET_KEY has {len(key)} characters, and {MIN_LENGTH} are the least; {MAKE_ONE}"
        )
