"""One file that brings everything back: `bin/backup` makes it beside any traffic, `bin/restore` proves it before it counts.

What stands in the environment is not in it: DJANGO_SECRET_KEY and TICKET_SIGNING_KEY are kept elsewhere, by whoever set them.
"""

from eventflow.operations.backup.services import Restored, make, restore

__all__ = ["Restored", "make", "restore"]
