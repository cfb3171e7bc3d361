"""List the accounts that share a mailbox with another or have none; ends with 1 where there are any."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.mailboxes import duplicates, unreachable


class Command(BaseCommand):
    help = (
        "List accounts whose address is another spelling of another account's, who cannot log in, "
        "and those at an address that no mail reaches. Block them in the admin."
    )

    def handle(self, **options: Any) -> None:
        found = duplicates()
        for stranded, reached in found:
            self.stdout.write(
                f"account {stranded.pk} {stranded.email!a} has the mailbox of account {reached.pk if reached else None}"
            )
        nowhere = unreachable()
        for person in nowhere:
            who = f"account {person.pk} {person.email!a}"
            self.stdout.write(f"{who} is at an address that no mail reaches")
        if found:
            raise CommandError(f"{len(found)} accounts share a mailbox with another.")
        if nowhere:
            raise CommandError(f"{len(nowhere)} accounts are at an address that no mail reaches.")
        self.stdout.write("Every account has a mailbox of its own.")
