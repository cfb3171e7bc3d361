"""Finds accounts that no mail reaches, made before sign-up refused such addresses."""

from typing import NamedTuple

from accounts.models import User
from eventflow.core.text import can_be_mailed, email_key


class Duplicate(NamedTuple):
    """An account whose mailbox belongs to another account.

    Log-in and mail lead to `mailbox_owner`, so that nobody can log in to `account` any more.
    """

    account: User
    mailbox_owner: User | None


def find_duplicate_accounts() -> list[Duplicate]:
    """Return the accounts whose canonical address another account has, by id.

    Reads every address once.
    """
    addresses = User.objects.order_by("pk").values_list("pk", "email").iterator(2000)
    canonical = {pk: email_key(email) for pk, email in addresses if email_key(email) != email}
    accounts = User.objects.in_bulk(canonical)
    return [
        Duplicate(accounts[pk], User.objects.filter(email=email).first())
        for pk, email in canonical.items()
    ]


def find_unmailable_accounts() -> list[User]:
    """Return the accounts whose address no mail can name, such as `ſara@example.org`, by id.

    Reads every address once.
    """
    addresses = User.objects.order_by("pk").values_list("pk", "email").iterator(2000)
    found = User.objects.in_bulk([pk for pk, email in addresses if not can_be_mailed(email)])
    return [found[pk] for pk in sorted(found)]
