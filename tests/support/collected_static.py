"""The collected static files, which each of pytest's workers with browser tests copies.

Collecting and squeezing them takes three CPU seconds, a copy a tenth of one. They wait in pytest's
cache, in a folder named after everything that they are made of.
"""

import hashlib
import shutil
import subprocess
from pathlib import Path

from django.conf import settings

from tests.support import processes
from tests.support.migrated_template import hold_template_lock

# Beside the files themselves: how they are collected, and the versions of libraries with more.
MADE_BY = ("eventflow/settings.py", "eventflow/server/staticfiles.py", "requirements.txt")


def fingerprint() -> str:
    """A hash of everything that the collected files depend on."""
    seen = hashlib.sha256()
    sources = [file for file in (settings.BASE_DIR / "static").rglob("*") if file.is_file()]
    for file in sorted(sources + [settings.BASE_DIR / name for name in MADE_BY]):
        seen.update(str(file).encode() + file.read_bytes())
    return seen.hexdigest()[:16]


def collect(folder: Path) -> Path:
    """The folder of the collected files in this one, made if there is none; older ones go."""
    collected = folder / f"static-{fingerprint()}"
    with hold_template_lock(folder):
        if not collected.exists():
            for older in folder.glob("static-*"):
                shutil.rmtree(older)
            unfinished = folder / "static-unfinished"
            # Production's settings, which refuse to start without a mail server.
            environment = processes.environment(
                DATA_DIR=unfinished, DEBUG=False, EMAIL_HOST="127.0.0.1"
            )
            command = processes.command("collectstatic", "--noinput", "--verbosity=0")
            subprocess.run(command, cwd=settings.BASE_DIR, env=environment, check=True)
            unfinished.rename(collected)
    return collected / "static"


def use(folder: Path) -> None:
    """Put the collected files where the servers of this worker look for them."""
    shutil.copytree(collect(folder), settings.STATIC_ROOT, dirs_exist_ok=True)
