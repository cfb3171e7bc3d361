"""Closes files that hold secrets to the other users of the machine.

Folders become 0700 and files 0600, also those that an earlier version left open.
"""

import os
import stat
from pathlib import Path

FOLDER_MODE, FILE_MODE = 0o700, 0o600


def protect_folder(folder: Path) -> None:
    """Make the folder if it is missing, and close it to others; if it was open, its files too.

    A folder of another user, or one that all users share, as /tmp, is left as it is. Files in
    its folders, as static ones, stay readable.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
    about = folder.stat()
    if about.st_uid != os.geteuid() or about.st_mode & stat.S_ISVTX:
        return
    if about.st_mode & 0o077:
        for path in folder.iterdir():
            if path.is_file():
                protect_file(path)
        folder.chmod(FOLDER_MODE)


def protect_file(path: Path, *, make: bool = False) -> None:
    """Close a file of this user to others. `make`: make an empty one first if there is none."""
    if make:
        path.touch(mode=FILE_MODE)
    try:
        about = path.lstat()
    except FileNotFoundError:
        return
    if stat.S_ISREG(about.st_mode) and about.st_uid == os.geteuid() and about.st_mode & 0o077:
        path.chmod(FILE_MODE)


def protect_database(path: Path) -> None:
    """Close a SQLite database and the files that SQLite makes beside it."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        protect_file(path.with_name(f"{path.name}{suffix}"))
