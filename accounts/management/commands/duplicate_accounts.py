"""List the accounts that share a mailbox with another; ends with 1 where there are any."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.mailboxes import duplicates


class Command(BaseCommand):
    help = "List accounts whose address is another spelling of another account's. They cannot log in; block them in the admin."

    def handle(self, **options: Any) -> None:
        found = duplicates()
        for stranded, reached in found:
            self.stdout.write(f"account {stranded.pk} {stranded.email!a} has the mailbox of account {reached.pk if reached else None}")
        if found:
            raise CommandError(f"{len(found)} accounts share a mailbox with another.")
        self.stdout.write("Every account has a mailbox of its own.")
