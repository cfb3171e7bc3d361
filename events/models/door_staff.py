"""Who may check tickets in at an event."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from eventflow.core.fields import CanonicalEmailField
from events.models.event import Event


class DoorStaff(models.Model):
    """The right to check tickets in at one event, for a person or for an invited address.

    Without `person`, no account has proven the address yet.
    """

    event = models.ForeignKey(Event, models.CASCADE)
    email = CanonicalEmailField(_("e-mail"))
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    added = models.DateTimeField(auto_now_add=True)
    # When the person signed up for it, or first checked in there. Until then an organizer knows the
    # address that they typed, and not whether it has an account or whose it is.
    accepted = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("door staff")
        verbose_name_plural = _("door staff")
        constraints = [
            models.UniqueConstraint(fields=["event", "person"], name="door_staff_once"),
            models.UniqueConstraint(fields=["event", "email"], name="door_staff_invited_once"),
        ]
        indexes = [
            models.Index(fields=["email"], condition=Q(person=None), name="door_staff_waiting")
        ]

    def __str__(self) -> str:
        return f"{self.person_id or 'invited'} at {self.event_id}"

    @property
    def name(self) -> str:
        return str(self.person) if self.is_known else self.email

    @property
    def is_known(self) -> bool:
        """Whether an organizer may see who it is."""
        return self.person is not None and self.accepted is not None
