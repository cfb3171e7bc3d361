"""Which events: by status, time, place, words and free seats."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from eventflow.core.fields import FoldedQuerySet
from eventflow.core.search import every_word

if TYPE_CHECKING:
    from events.models.event import Event

    EventRows = models.QuerySet[Event]
else:
    EventRows = models.QuerySet

# What the public search looks through.
SEARCH_FIELDS = [
    "title_folded",
    "description_folded",
    "location_folded",
    "organizer__first_name_folded",
    "organizer__last_name_folded",
]


class EventStatus(models.TextChoices):
    DRAFT = "draft", _("Draft")
    PUBLISHED = "published", _("Published")
    CANCELLED = "cancelled", _("Cancelled")


class EventQuerySet(FoldedQuerySet, EventRows):
    """Events as a list or a page asks for them."""

    def published(self) -> "EventQuerySet":
        return self.filter(status=EventStatus.PUBLISHED)

    def public(self) -> "EventQuerySet":
        """What everyone may see: published events, and cancelled ones that were published once."""
        return self.exclude(status=EventStatus.DRAFT).exclude(
            status=EventStatus.CANCELLED, published_at=None
        )

    def upcoming(self) -> "EventQuerySet":
        return self.filter(end_time__gt=timezone.now())

    def past(self) -> "EventQuerySet":
        now = timezone.now()
        # What is over has started. The index is ordered by the start: with the second condition
        # the database does not walk over the upcoming events.
        return self.filter(end_time__lte=now, start_time__lt=now)

    def between(self, since: datetime | None, until: datetime | None) -> "EventQuerySet":
        """Events that take place, at least partly, between these times. None: no bound."""
        after = self.filter(end_time__gt=since) if since else self
        return after.filter(start_time__lt=until) if until else after

    def with_free_seats(self) -> "EventQuerySet":
        """Events that still take reservations and have free seats."""
        upcoming = self.published().filter(start_time__gt=timezone.now())
        return upcoming.filter(confirmed_count__lt=F("seats_limit"))

    def at(self, location: str) -> "EventQuerySet":
        """Events whose location has every one of these words."""
        return self.filter(every_word(location, "location_folded"))

    def matching(self, words: str) -> "EventQuerySet":
        """Events with every one of these words in title, description, location or organizer."""
        return self.filter(every_word(words, *SEARCH_FIELDS))


class EventManager(models.Manager.from_queryset(EventQuerySet)):  # type: ignore[misc]
    """Reads events without the folded description: it is long, and only searched."""

    def get_queryset(self) -> EventQuerySet:
        return super().get_queryset().defer("description_folded")
