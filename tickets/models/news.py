"""What the next mail to an organizer will report about their events."""

from django.conf import settings
from django.db import models

from events.models import Event


class EventNews(models.Model):
    """What happened at an event since the last mail to its organizer. Written under its lock."""

    event = models.OneToOneField(Event, models.CASCADE, primary_key=True, related_name="news")
    # New reservations; seats that became free; whether the last seat was given away.
    requests = models.PositiveIntegerField(default=0)
    freed = models.PositiveIntegerField(default=0)
    full = models.BooleanField(default=False)
    # Whether it cannot wait for the daily mail.
    urgent = models.BooleanField(default=False)
    # When the oldest of it happened; NULL while there is nothing to report.
    since = models.DateTimeField(null=True, db_index=True)
    # Conflicts that were received until then have been reported.
    told_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "event news"

    def __str__(self) -> str:
        return f"news of event {self.event_id}"


class OrganizerLetter(models.Model):
    """When the last mail about their events was queued for a person.

    The row is locked while the next mail is decided, so that each is queued once.
    """

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+"
    )
    sent_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"letter to organizer {self.person_id}"
