"""What happens to somebody's second steps goes into the audit log, in the same transaction: which kind, never a secret.

Not allauth's own signals: these come after the commit, when a crash may already have lost them.
"""

from typing import Any

from allauth.mfa.models import Authenticator
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from eventflow import audit


@receiver(post_save, sender=Authenticator)
def note_added(instance: Authenticator, created: bool, **kwargs: Any) -> None:
    if created:
        audit.record("second_factor.add", instance.user, by=instance.user, kind=str(instance.type))


@receiver(post_delete, sender=Authenticator)
def note_removed(instance: Authenticator, **kwargs: Any) -> None:
    # An Admin who takes a lost step away is named by whoever deletes it for them.
    audit.record("second_factor.remove", instance.user, by=getattr(instance, "removed_by", instance.user), kind=str(instance.type))
