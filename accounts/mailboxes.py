"""Accounts without a mailbox of their own, made before sign-up refused their addresses."""

from typing import NamedTuple

from accounts.models import User
from eventflow.core.text import can_be_mailed, email_key


class Duplicate(NamedTuple):
    """Two accounts of one mailbox: log-in and mail lead to `reached`, so nobody can log in to `stranded` any more."""

    stranded: User
    reached: User | None


def duplicates() -> list[Duplicate]:
    """The accounts whose stored address is not the canonical one, because another account has that, by id. Reads every address."""
    addresses = User.objects.order_by("pk").values_list("pk", "email").iterator(2000)
    odd = {pk: email for pk, email in addresses if email_key(email) != email}
    stranded = User.objects.in_bulk(odd)
    return [
        Duplicate(stranded[pk], User.objects.filter(email=email).first())
        for pk, email in odd.items()
    ]


def unreachable() -> list[User]:
    """The accounts whose address no mail can name, like `ſara@example.org`, by id. Reads every address."""
    addresses = User.objects.order_by("pk").values_list("pk", "email").iterator(2000)
    found = User.objects.in_bulk([pk for pk, email in addresses if not can_be_mailed(email)])
    return [found[pk] for pk in sorted(found)]
