"""Announcements: messages of an organizer to the guests of an event."""

import math
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from eventflow.core.fields import ComposedCharField, ComposedTextField
from events.models import Event


class Announcement(models.Model):
    """A message of an organizer to guests of an event, and how many guests it went to."""

    class Audience(models.TextChoices):
        ALL = "all", _("Everybody, confirmed or waiting")
        CONFIRMED = "confirmed", pgettext_lazy("guests", "Confirmed")
        PENDING = "pending", pgettext_lazy("guests", "Waiting")

    # The same guests, once their event is cancelled.
    AFTER_CANCELLATION: ClassVar[dict[str, Any]] = {
        Audience.ALL: _("Everybody who had a spot or was waiting"),
        Audience.CONFIRMED: pgettext_lazy("guests of a cancelled event", "Had a spot"),
        Audience.PENDING: pgettext_lazy("guests of a cancelled event", "Were waiting"),
    }

    event = models.ForeignKey(Event, models.CASCADE, related_name="announcements")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    audience = models.CharField(
        _("to"), max_length=16, choices=Audience.choices, default=Audience.CONFIRMED
    )
    subject = ComposedCharField(_("subject"), max_length=150)
    body = ComposedTextField(_("message"), max_length=5000)
    # The key of the form: a form that is sent twice is one announcement.
    key = models.UUIDField(editable=False)
    recipients = models.PositiveIntegerField(default=0, editable=False)
    created = models.DateTimeField(default=timezone.now, editable=False)
    # Until then its mails wait, and it can be taken back.
    leaves_at = models.DateTimeField(editable=False)
    withdrawn_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("announcement")
        verbose_name_plural = _("announcements")
        ordering = ["-created", "-id"]
        indexes = [models.Index(fields=["event", "-created", "-id"], name="announcement_by_event")]
        constraints = [models.UniqueConstraint(fields=["event", "key"], name="announcement_once")]

    def __str__(self) -> str:
        return f"{self.pk}"

    @property
    def is_withdrawn(self) -> bool:
        return self.withdrawn_at is not None

    @property
    def can_be_withdrawn(self) -> bool:
        return not self.is_withdrawn and timezone.now() < self.leaves_at

    @property
    def audience_words(self) -> str:
        """The name of the audience as it was shown when the message was sent."""
        cancelled_at = self.event.cancelled_at
        after = cancelled_at is not None and self.created >= cancelled_at
        return str(self.AFTER_CANCELLATION[self.audience] if after else self.get_audience_display())

    @property
    def seconds_left(self) -> int:
        """For how many seconds it can still be taken back."""
        return max(0, math.ceil((self.leaves_at - timezone.now()).total_seconds()))
