"""The mail backend of a trial: files that only the user who runs EventFlow can read."""

from pathlib import Path

from django.core.mail.backends.filebased import EmailBackend

from eventflow.core.private_files import protect_file


class PrivateFileBackend(EmailBackend):
    """Django's backend, one file a connection, each closed to other users before it is written."""

    def open(self) -> bool | None:
        if self.stream is None:
            protect_file(Path(self._get_filename()), make=True)
        return super().open()
