"""Files that hold secrets: readable by the user who runs EventFlow, and by nobody else of the machine.

Folders become 0700 and files 0600, also those that an earlier version left open.
"""

import os
import stat
from pathlib import Path

FOLDER, FILE = 0o700, 0o600


def private_folder(folder: Path) -> None:
    """Make the folder if need be, and close it to others. In one that was open, close every file too.

    Left as it is: a folder of another user, and one that all users share, as /tmp. Static files are
    public, and stay so.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=FOLDER)
    about = folder.stat()
    if about.st_uid != os.geteuid() or about.st_mode & stat.S_ISVTX:
        return
    if about.st_mode & 0o077:
        for path in folder.iterdir():
            if path.is_file():
                private_file(path)
        folder.chmod(FOLDER)


def private_file(path: Path, *, make: bool = False) -> None:
    """Close this file to others, if it is ours. `make`: where there is none, make an empty one."""
    if make:
        path.touch(mode=FILE)
    try:
        about = path.lstat()
    except FileNotFoundError:
        return
    if stat.S_ISREG(about.st_mode) and about.st_uid == os.geteuid() and about.st_mode & 0o077:
        path.chmod(FILE)


def private_database(path: Path) -> None:
    """The same for a SQLite database and what SQLite lays beside it."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        private_file(path.with_name(f"{path.name}{suffix}"))
