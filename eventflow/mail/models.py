"""The table of the outbox."""

import uuid
from email.utils import parseaddr

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


def new_message_id() -> str:
    """A Message-ID that no other mail has (RFC 5322, 3.6.4)."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    return f"<{uuid.uuid4().hex}@{domain}>"


class Mail(models.Model):
    """A mail that is queued, sent, dropped or stuck."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        SENT = "sent", _("Sent")
        DROPPED = "dropped", _("No longer needed")
        STUCK = "stuck", _("Stuck")

    # The stable name of the function that builds it (mail/registry.py), and its arguments: ids,
    # never the text.
    builder = models.CharField(_("kind"), max_length=100)
    args = models.JSONField(default=dict)
    to = models.EmailField(_("to"))
    language = models.CharField(max_length=8)
    message_id = models.CharField(
        max_length=200, unique=True, default=new_message_id, editable=False
    )
    state = models.CharField(_("state"), max_length=16, choices=State.choices, default=State.QUEUED)
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0, editable=False)
    next_attempt_at = models.DateTimeField(_("next attempt"), null=True, blank=True, editable=False)
    last_error = models.CharField(_("last error"), max_length=500, blank=True, editable=False)
    # The last mail to a deleted account: its address is erased once it has left or is given up.
    farewell = models.BooleanField(default=False, editable=False)

    class Meta:
        verbose_name = _("mail")
        verbose_name_plural = _("mail")
        ordering = ["-id"]
        indexes = [models.Index(fields=["state", "created"], name="mail_by_state")]

    def __str__(self) -> str:
        return f"{self.builder.rpartition('.')[2]} {self.pk}"
