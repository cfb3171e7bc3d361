"""Command: list the accounts that share a mailbox with another or have none."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.duplicate_accounts import find_duplicate_accounts, find_unmailable_accounts


class Command(BaseCommand):
    """Prints one line for each account; ends with exit code 1 if there are any."""

    help = (
        "List accounts whose address is another spelling of another account's, who cannot log in, "
        "and those at an address that no mail reaches. Block them in the admin."
    )

    def handle(self, **options: Any) -> None:
        duplicates = find_duplicate_accounts()
        for account, owner in duplicates:
            owner_id = owner.pk if owner else None
            name = f"account {account.pk} {account.email!a}"
            self.stdout.write(f"{name} has the mailbox of account {owner_id}")
        unmailable = find_unmailable_accounts()
        for person in unmailable:
            name = f"account {person.pk} {person.email!a}"
            self.stdout.write(f"{name} is at an address that no mail reaches")
        if duplicates:
            raise CommandError(f"{len(duplicates)} accounts share a mailbox with another.")
        if unmailable:
            count = len(unmailable)
            raise CommandError(f"{count} accounts are at an address that no mail reaches.")
        self.stdout.write("Every account has a mailbox of its own.")
