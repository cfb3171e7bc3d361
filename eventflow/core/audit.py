"""The audit log: who did what to which object, and when.

An entry is written in the transaction of the action, and never changed.
"""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from eventflow.observability import get_request_context


class AuditEntry(models.Model):
    """One action. `by` is None for the system; `facts` is JSON without names or addresses."""

    at = models.DateTimeField(_("at"), auto_now_add=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("by"),
    )
    action = models.CharField(_("action"), max_length=64)
    target_type = models.CharField(max_length=64)
    target_id = models.BigIntegerField()
    facts = models.JSONField(default=dict)
    request_id = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit log")
        ordering = ["-id"]
        indexes = [models.Index(fields=["target_type", "target_id", "-id"], name="audit_by_target")]

    def __str__(self) -> str:
        return f"{self.action} {self.target_type} {self.target_id}"


def entry(action: str, target: models.Model, *, by: Any = None, **facts: Any) -> AuditEntry:
    """An entry that is not saved yet, for callers that save many at once with `record_many`."""
    return AuditEntry(
        by=by,
        action=action,
        target_type=target._meta.label_lower,
        target_id=target.pk,
        facts=facts,
        request_id=get_request_context().request_id,
    )


def record_many(entries: Iterable[AuditEntry]) -> None:
    """Save these entries with one statement."""
    AuditEntry.objects.bulk_create(entries)


def record(action: str, target: models.Model, *, by: Any = None, **facts: Any) -> None:
    """Save that `by` (None: the system) did `action` to `target`.

    `facts` must be JSON and hold no names or addresses.
    """
    entry(action, target, by=by, **facts).save(force_insert=True)
