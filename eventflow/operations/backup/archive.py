"""The backup file: a tar with the database, the local secret, and a list with their checksums."""

import hashlib
import json
import os
import re
import shutil
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from eventflow.core.errors import Refused
from eventflow.core.private_files import protect_file

FORMAT = 1
CONTENTS = "contents.json"
NAME = re.compile(r"eventflow-\d{8}T\d{6}\.\d{6}Z\.tar\.gz")
UNFINISHED = ".unfinished-backup-"
STALE_SECONDS = 86_400


def stamp() -> str:
    """The present moment for file names, which sort by it."""
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")


@contextmanager
def workspace(folder: Path) -> Iterator[Path]:
    """A temporary folder in `folder`, and so on its disk.

    What a killed backup left there a day ago is deleted.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left in folder.glob(f"{UNFINISHED}*"):
        if left.stat().st_mtime < time.time() - STALE_SECONDS:
            shutil.rmtree(left)
    with tempfile.TemporaryDirectory(prefix=UNFINISHED, dir=folder) as name:
        yield Path(name)


def pack(members: dict[str, Path], about: dict[str, Any], folder: Path, work: Path) -> Path:
    """Write these files into one backup. Returns its path.

    It gets its name when it is completely on the disk and was read back. It and every backup beside
    it are readable by their owner only.
    """
    contents = {
        "format": FORMAT,
        **about,
        "sha256": {name: digest(path) for name, path in members.items()},
    }
    unnamed = work / "archive"
    unnamed.touch(mode=0o600)
    (work / CONTENTS).write_text(json.dumps(contents, indent=1))
    with tarfile.open(unnamed, "w:gz", compresslevel=3) as tar:
        for name, path in {CONTENTS: work / CONTENTS, **members}.items():
            tar.add(path, name)
    sync(unnamed)
    read_back = work / "read_back"
    read_back.mkdir()
    unpack(unnamed, read_back)
    named = folder / f"eventflow-{stamp()}.tar.gz"
    unnamed.rename(named)
    for path in folder.iterdir():
        if NAME.fullmatch(path.name):
            protect_file(path)
    sync(folder)
    return named


def unpack(file: Path, into: Path) -> dict[str, Any]:
    """Unpack a backup into `into`. Returns its contents list.

    Refused: bad_backup, for a file that is no complete backup of this format.
    """
    try:
        with tarfile.open(file, "r:gz") as tar:
            tar.extractall(into, filter="data")
        contents: dict[str, Any] = json.loads((into / CONTENTS).read_text())
        broken = [name for name, said in contents["sha256"].items() if digest(into / name) != said]
    except (
        tarfile.TarError,
        EOFError,
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
    ) as error:
        raise Refused(
            "bad_backup",
            f"{file} is not a whole backup of EventFlow ({type(error).__name__}: {error}). "
            "Nothing was changed.",
        ) from error
    if broken:
        raise Refused(
            "bad_backup",
            f"{file} is damaged: the checksum of {', '.join(broken)} does not hold. Nothing was "
            "changed.",
        )
    if contents["format"] != FORMAT:
        raise Refused(
            "bad_backup",
            f"{file} was made by another version of EventFlow (format {contents['format']}). "
            "Nothing was changed.",
        )
    return contents


def prune(folder: Path, keep: int) -> list[Path]:
    """Delete all but the newest `keep` backups of this folder. Returns the deleted ones."""
    ours = sorted(path for path in folder.iterdir() if NAME.fullmatch(path.name))
    deleted = ours[:-keep]
    for path in deleted:
        path.unlink()
    return deleted


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync(path: Path) -> None:
    """Return when this file, or the names in this folder, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
