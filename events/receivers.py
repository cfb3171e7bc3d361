"""What events do when an address is verified or an account deleted, in the same transaction."""

from typing import Any

from django.dispatch import receiver

from accounts.models import User
from accounts.signals import account_deleting, address_verified
from events import services


@receiver(address_verified)
def accept_invitations(person: User, **kwargs: Any) -> None:
    services.accept_invitations(person)


@receiver(account_deleting)
def release_events(person: User, **kwargs: Any) -> None:
    services.release_events_of(person)
