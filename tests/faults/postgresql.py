"""The PostgreSQL that bin/test started, stopped and started again under everybody's feet."""

import os
import subprocess
from pathlib import Path

FOLDER, PROGRAMS = Path(os.environ["POSTGRESQL_FOLDER"]), Path(os.environ["POSTGRESQL_BIN"])
NOBODY = 65534


def control(*words: str) -> None:
    """pg_ctl, as whoever owns the server."""
    as_owner = (
        ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        if os.getuid() == 0
        else []
    )
    command = [
        *as_owner,
        str(PROGRAMS / "pg_ctl"),
        "--pgdata=data",
        "--wait",
        "--timeout=60",
        *words,
    ]
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
    """Without a word to anybody, as in a crash; what was committed is recovered at the start."""
    control("--mode=immediate", "stop")


def start() -> None:
    control("--log=log", "start")
