"""The table of workers that are alive."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Worker(models.Model):
    """A worker and its last heartbeat. Its tasks are requeued when the heartbeat stops."""

    id = models.CharField(primary_key=True, max_length=64)
    seen_at = models.DateTimeField()

    class Meta:
        verbose_name = _("worker")
        verbose_name_plural = _("workers")

    def __str__(self) -> str:
        return self.id
