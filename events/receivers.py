"""What events do when something happens to a person, inside the same transaction."""

from typing import Any

from django.dispatch import receiver

from accounts.models import User
from accounts.signals import account_deleting, address_verified
from events import services


@receiver(address_verified)
def open_the_doors_they_were_invited_to(person: User, **kwargs: Any) -> None:
    services.welcome_door_staff(person)


@receiver(account_deleting)
def release_reservations(person: User, **kwargs: Any) -> None:
    services.let_go(person)
