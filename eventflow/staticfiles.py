"""Static files under names that say what is in them, so that browsers keep them for ever; collected only when they changed."""

import hashlib
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStorage(CompressedManifestStaticFilesStorage):
    """Our scripts are modules that import each other: those names are hashed too."""

    support_js_module_import_aggregation = True


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
            digest.update(f"{name} {storage.size(name)} {storage.get_modified_time(name)}\n".encode())
    return digest.hexdigest()
