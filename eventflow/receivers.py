"""What the project itself forgets when somebody deletes their account, inside the same transaction."""

from typing import Any

from django.dispatch import receiver

from accounts.models import User
from accounts.signals import person_leaving
from eventflow.api import idempotency


@receiver(person_leaving)
def forget_their_answers(person: User, **kwargs: Any) -> None:
    idempotency.kept_for(person).delete()
