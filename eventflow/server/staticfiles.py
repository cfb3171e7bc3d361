"""Static files under names that say what is in them, so that browsers keep them for ever.

Our styles and scripts are many small files. Browsers get one of each, without comments: see
docs/decisions/0034-one-stylesheet-and-one-script.md.
"""

import hashlib
import posixpath
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import rcssmin
import rjsmin
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage
from django.core.management import call_command
from whitenoise.storage import CompressedManifestStaticFilesStorage

STYLES, SCRIPTS = "css/app.css", "js/ui.js"
# A line of STYLES or SCRIPTS that names one of their parts.
STYLE_IMPORT = re.compile(r'@import url\("([^"]+)"\) layer\((\w+)\);')
SCRIPT_IMPORT = re.compile(r'import "([^"]+)";')
# What a part must not hold, because the whole would then mean something else.
STYLE_NEEDS_ITS_FILE = re.compile(r"^\s*@(import|charset|namespace)\b", re.M)
SCRIPT_NEEDS_ITS_FILE = re.compile(r"^\s*(import|export)\b", re.M)
# What rjsmin does not understand: a template literal inside another one.
NESTED_TEMPLATE = re.compile(r"`[^`]*\$\{[^}`]*`")
RELATIVE_ADDRESS = re.compile(r'url\("(?!data:)([^"]+)"\)')
Read = Callable[[str], str]


class HashedStorage(CompressedManifestStaticFilesStorage):
    """Files under hashed names, with one stylesheet and one script in the place of their parts."""

    def post_process(
        self, paths: dict[str, Any], dry_run: bool = False, **options: Any
    ) -> Iterator[Any]:
        def read(name: str) -> str:
            storage, path = paths[name]
            with storage.open(path) as file:
                return file.read().decode()

        joined = InMemoryStorage()
        for entry, join in ((STYLES, join_styles), (SCRIPTS, join_scripts)):
            if entry in paths and not dry_run:
                joined.save(entry, ContentFile(join(read).encode()))
                paths[entry] = joined, entry
        yield from super().post_process(paths, dry_run, **options)


def join_styles(read: Read) -> str:
    """STYLES with its parts in the place of their imports, each in its layer; minified.

    `read` returns a file's text by its name. Raises ValueError for a part that can't be joined.
    """
    folder = posixpath.dirname(STYLES)

    def part(line: re.Match[str]) -> str:
        name = posixpath.join(folder, line[1])
        text = read(name)
        refuse(STYLE_NEEDS_ITS_FILE, text, name)
        text = RELATIVE_ADDRESS.sub(
            lambda url: f'url("{moved(posixpath.dirname(name), url[1], folder)}")', text
        )
        return f"@layer {line[2]} {{\n{text}\n}}"

    minified: str = rcssmin.cssmin(replace_lines(STYLE_IMPORT, part, read(STYLES)))
    return minified


def join_scripts(read: Read) -> str:
    """SCRIPTS with its parts in the place of their imports, each a block of its own; minified.

    `read` returns a file's text by its name. Raises ValueError for a part that can't be joined.
    """

    def part(line: re.Match[str]) -> str:
        name = posixpath.normpath(posixpath.join(posixpath.dirname(SCRIPTS), line[1]))
        text = read(name)
        refuse(SCRIPT_NEEDS_ITS_FILE, text, name)
        refuse(NESTED_TEMPLATE, text, name)
        return f"{{\n{text}\n}}"

    minified: str = rjsmin.jsmin(replace_lines(SCRIPT_IMPORT, part, read(SCRIPTS)))
    return minified


def replace_lines(
    pattern: re.Pattern[str], replacement: Callable[[re.Match[str]], str], text: str
) -> str:
    """The text with each line that is `pattern` and nothing else replaced."""
    return "".join(
        f"{replacement(match) if (match := pattern.fullmatch(line)) else line}\n"
        for line in text.splitlines()
    )


def refuse(pattern: re.Pattern[str], text: str, name: str) -> None:
    if found := pattern.search(text):
        raise ValueError(f"{name} can't be joined with others, because of: {found[0].strip()}")


def moved(folder: str, address: str, to: str) -> str:
    """The address, relative to `folder`, as it is relative to another folder."""
    return posixpath.relpath(posixpath.join(folder, address), to)


def collect_if_changed() -> bool:
    """Run `collectstatic` unless the same files were collected last time.

    A start should not compress them all again. Returns whether it ran.
    """
    stamp, now = Path(settings.STATIC_ROOT) / ".collected", fingerprint()
    if stamp.is_file() and stamp.read_text() == now:
        return False
    call_command("collectstatic", interactive=False, verbosity=0)
    stamp.write_text(now)
    return True


def fingerprint() -> str:
    """Changes when a file of any app is added, removed or saved, or with the storage's class."""
    digest = hashlib.sha256(settings.STORAGES["staticfiles"]["BACKEND"].encode())
    for finder in get_finders():
        for name, storage in finder.list([]):
            facts = f"{name} {storage.size(name)} {storage.get_modified_time(name)}\n"
            digest.update(facts.encode())
    return digest.hexdigest()
