"""The secret of a machine where somebody tries EventFlow out: made once, readable by its owner only."""

import contextlib
import os
import secrets
from pathlib import Path


def kept_secret(folder: Path) -> str:
    """The secret kept in this folder. Of several processes that start at once, one makes it and all read the same."""
    folder.mkdir(parents=True, exist_ok=True)
    kept, new = folder / "secret-key", folder / f"secret-key.{os.getpid()}"
    if not kept.is_file():
        new.touch(mode=0o600)
        # Letters and digits: a value that begins with $ is taken for another variable's name where it is handed on in the environment.
        new.write_text(secrets.token_urlsafe(50))
        # A link is made whole or not at all, and never over another.
        with contextlib.suppress(FileExistsError):
            kept.hardlink_to(new)
        new.unlink()
    return kept.read_text()
