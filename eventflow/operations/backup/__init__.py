"""Backup and restore of the whole installation as one file.

`bin/backup` makes it beside any traffic; `bin/restore` checks it beside the running database before
it takes its place. Keys from the environment, DJANGO_SECRET_KEY and TICKET_SIGNING_KEY, are not in
it: their owner keeps them elsewhere.
"""

from eventflow.operations.backup.services import Restored, make, restore

__all__ = ["Restored", "make", "restore"]
