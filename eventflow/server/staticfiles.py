"""Static files under names that say what is in them, so that browsers keep them for ever; collected only when they changed."""

import hashlib
import posixpath
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage
from django.core.management import call_command
from whitenoise.storage import CompressedManifestStaticFilesStorage

STYLES, SCRIPTS = "css/app.css", "js/ui.js"
STYLE = re.compile(r'@import url\("([^"]+)"\) layer\((\w+)\);')
SCRIPT = re.compile(r'import "([^"]+)";')
# Comments are for those who read the sources. Those of a script stand on lines of their own, or after a statement.
STYLE_COMMENT = re.compile(r"/\*.*?\*/\n?", re.S)
SCRIPT_COMMENT = re.compile(r"^ *//.*\n|(?<=[;{}]) //.*$", re.M)
# Spaces that a browser does not need; those between two words or around an operator stay.
STYLE_SPACE = re.compile(r"\s*([{};,])\s*|(?<=:)\s+")
ADDRESS = re.compile(r'url\("(?!data:)([^"]+)"\)')
Read = Callable[[str], str]


class HashedStorage(CompressedManifestStaticFilesStorage):
    """Files under hashed names. Our styles and scripts are many files, which import each other, and one of each for browsers."""

    def post_process(
        self, paths: dict[str, Any], dry_run: bool = False, **options: Any
    ) -> Iterator[Any]:
        def read(name: str) -> str:
            storage, path = paths[name]
            with storage.open(path) as file:
                return file.read().decode()

        whole = InMemoryStorage()
        for entry, bundled in ((STYLES, bundled_styles), (SCRIPTS, bundled_scripts)):
            if entry in paths and not dry_run:
                whole.save(entry, ContentFile(bundled(read).encode()))
        paths |= {entry: (whole, entry) for entry in (STYLES, SCRIPTS) if whole.exists(entry)}
        yield from super().post_process(paths, dry_run, **options)


def bundled_styles(read: Read) -> str:
    """The stylesheet with what it imports in its place, each part in its layer."""
    folder = posixpath.dirname(STYLES)

    def part(match: re.Match[str]) -> str:
        name = posixpath.join(folder, match[1])
        text = ADDRESS.sub(
            lambda url: f'url("{moved(posixpath.dirname(name), url[1], folder)}")', read(name)
        )
        return f"@layer {match[2]} {{\n{text}}}"

    return tight(STYLE_COMMENT.sub("", STYLE.sub(part, read(STYLES))))


def tight(styles: str) -> str:
    """The styles without the spaces that only their readers need."""
    return STYLE_SPACE.sub(lambda match: match[1] or "", styles)


def bundled_scripts(read: Read) -> str:
    """The script with what it imports in its place. Our modules export nothing, so each is a block, whose names are its own."""
    folder = posixpath.dirname(SCRIPTS)
    whole = SCRIPT.sub(
        lambda match: f"{{\n{read(posixpath.normpath(posixpath.join(folder, match[1])))}}}",
        read(SCRIPTS),
    )
    return SCRIPT_COMMENT.sub("", whole)


def moved(folder: str, address: str, to: str) -> str:
    """The relative address, as it is from another folder."""
    return posixpath.relpath(posixpath.join(folder, address), to)


def collect_if_changed() -> bool:
    """Run `collectstatic` unless the same files were collected last time: a start should not compress them all again.

    Returns whether it ran.
    """
    stamp, now = Path(settings.STATIC_ROOT) / ".collected", fingerprint()
    if stamp.is_file() and stamp.read_text() == now:
        return False
    call_command("collectstatic", interactive=False, verbosity=0)
    stamp.write_text(now)
    return True


def fingerprint() -> str:
    """Changes when a file of any app is added, removed or saved, or when another storage is to hold them."""
    digest = hashlib.sha256(settings.STORAGES["staticfiles"]["BACKEND"].encode())
    for finder in get_finders():
        for name, storage in finder.list([]):
            digest.update(
                f"{name} {storage.size(name)} {storage.get_modified_time(name)}\n".encode()
            )
    return digest.hexdigest()
