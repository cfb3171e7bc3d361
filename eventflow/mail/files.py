"""Mail of a trial, kept in files that the user who runs EventFlow can read, and nobody else of the machine."""

from pathlib import Path

from django.core.mail.backends.filebased import EmailBackend

from eventflow.core.private_files import private_file


class PrivateFiles(EmailBackend):
    """Django's backend, one file a connection; each file is closed to others before anything is in it."""

    def open(self) -> bool | None:
        if self.stream is None:
            private_file(Path(self._get_filename()), make=True)
        return super().open()
