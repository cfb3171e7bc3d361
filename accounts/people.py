"""What Admins and people themselves change about an account: add, settings, block; and search."""

from typing import Any

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import Q

from accounts import signals
from accounts.models import User
from accounts.roles import check_not_last_admin
from eventflow.core import audit
from eventflow.core.search import every_word


@transaction.atomic
def add_person(person: User, *, by: User) -> None:
    """Save a new person, whose password is hashed, with a verified address: they can log in now."""
    person.save(force_insert=True)
    EmailAddress.objects.create(user=person, email=person.email, primary=True, verified=True)
    signals.address_verified.send(sender=User, person=person)
    audit.record("account.add", person, by=by)


def change_settings(person: User, **fields: Any) -> None:
    """Set these fields of the person, such as names and language."""
    for name, value in fields.items():
        setattr(person, name, value)
    person.save(update_fields=[*fields])


@transaction.atomic
def block_person(person: User, *, by: User) -> None:
    """End all access of this person from their next request on. Refused: `last_admin`."""
    check_not_last_admin(person)
    if User.objects.filter(pk=person.pk, is_active=True).update(is_active=False):
        audit.record("account.block", person, by=by)


@transaction.atomic
def unblock_person(person: User, *, by: User) -> None:
    """Let a blocked person log in again."""
    if User.objects.filter(pk=person.pk, is_active=False).update(is_active=True):
        audit.record("account.unblock", person, by=by)


def matching(query: str) -> Q:
    """Return the condition for people in whose name or address every word of the query stands."""
    return every_word(query, "first_name_folded", "last_name_folded", "email")
