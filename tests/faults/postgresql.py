"""Stops and starts the PostgreSQL that bin/test has started."""

import os
import subprocess
from pathlib import Path

FOLDER, PROGRAMS = Path(os.environ["POSTGRESQL_FOLDER"]), Path(os.environ["POSTGRESQL_BIN"])
NOBODY = 65534


def control(*words: str) -> None:
    """Run pg_ctl with these arguments as the user who owns the server."""
    as_owner = f"setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups".split()
    pg_ctl = [str(PROGRAMS / "pg_ctl"), "--pgdata=data", "--wait", "--timeout=60", *words]
    command = [*as_owner, *pg_ctl] if os.getuid() == 0 else pg_ctl
    done = subprocess.run(
        command,
        cwd=FOLDER,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=90,
    )
    assert done.returncode == 0, done.stderr


def stop() -> None:
    """Stop at once, as a crash does; what was committed is recovered at the next start."""
    control("--mode=immediate", "stop")


def start() -> None:
    control("--log=log", "start")
