"""What an event is, and which changes of its status are possible.

The file is long because the table has many columns and the pages many questions about one event.
"""

import zoneinfo
from datetime import UTC, date, datetime, time, timedelta
from typing import ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from eventflow.core.fields import (
    CanonicalEmailField,
    ComposedCharField,
    ComposedTextField,
    FoldedField,
    FoldedModel,
)
from eventflow.core.time_zones import selectable_zones, zones
from events.models.event_queryset import EventManager, EventStatus

MAX_SEATS = 1_000_000
# No event is outside these years; every time zone can compute with them.
FIRST_YEAR, LAST_YEAR = 2000, 2199
TIME_VALIDATORS = [
    MinValueValidator(datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)),
    MaxValueValidator(datetime(LAST_YEAR, 12, 31, tzinfo=UTC)),
]


def validate_current_zone(name: str) -> None:
    """Refuse `localtime`, `Factory` and former names of zones, such as Asia/Calcutta."""
    if name not in selectable_zones():
        raise ValidationError(
            _(
                "This is no time zone of a place, or an old name of one. "
                "Write it like Europe/Warsaw."
            ),
            code="unknown_zone",
        )


def known_zone(name: str) -> None:
    """Refuse a name that no zone has or had. Migrations name this function."""
    if name not in zones():
        raise ValidationError(
            _("There is no time zone of this name. Write it like Europe/Warsaw."),
            code="unknown_zone",
        )


class Event(FoldedModel):
    """One event, with the counts of its reservations."""

    Status = EventStatus

    class Admission(models.TextChoices):
        APPROVAL = "approval", _("The organizer approves each reservation")
        AUTOMATIC = "automatic", _("First come, first served")

    class Hue(models.TextChoices):
        CHERRY = "cherry", _("Cherry")
        CORAL = "coral", _("Coral")
        AMBER = "amber", _("Amber")
        OLIVE = "olive", _("Olive")
        FERN = "fern", _("Fern")
        JADE = "jade", _("Jade")
        LAGOON = "lagoon", _("Lagoon")
        SKY = "sky", _("Sky")
        COBALT = "cobalt", _("Cobalt")
        IRIS = "iris", _("Iris")
        PLUM = "plum", _("Plum")
        ROSE = "rose", _("Rose")

    class Pattern(models.TextChoices):
        SUN = "sun", pgettext_lazy("pattern", "Sun")
        RINGS = "rings", _("Rings")
        RAYS = "rays", _("Rays")
        TILES = "tiles", _("Tiles")
        STEPS = "steps", _("Steps")
        ARCHES = "arches", _("Arches")
        DOTS = "dots", _("Dots")

    # Every possible change of the status; one that is not listed cannot happen.
    MOVES: ClassVar[dict[str, set[str]]] = {
        Status.DRAFT: {Status.PUBLISHED, Status.CANCELLED},
        Status.PUBLISHED: {Status.CANCELLED},
        Status.CANCELLED: set(),
    }

    title = ComposedCharField(_("title"), max_length=200)
    description = ComposedTextField(_("about"), max_length=20_000, blank=True)
    location = ComposedCharField(_("place"), max_length=200)
    title_folded = FoldedField(source="title")
    description_folded = FoldedField(source="description")
    location_folded = FoldedField(source="location")
    start_time = models.DateTimeField(_("starts"), validators=TIME_VALIDATORS)
    end_time = models.DateTimeField(_("ends"), validators=TIME_VALIDATORS)
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="Europe/Warsaw", validators=[known_zone]
    )
    seats_limit = models.PositiveIntegerField(
        _("capacity"), validators=[MinValueValidator(1), MaxValueValidator(MAX_SEATS)]
    )
    admission = models.CharField(
        _("admission"), max_length=16, choices=Admission.choices, default=Admission.APPROVAL
    )
    status = models.CharField(
        _("status"), max_length=16, choices=Status.choices, default=Status.DRAFT
    )
    hue = models.CharField(_("hue"), max_length=16, choices=Hue.choices, default=Hue.LAGOON)
    pattern = models.CharField(
        _("pattern"), max_length=16, choices=Pattern.choices, default=Pattern.RINGS
    )
    organizer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="events", verbose_name=_("organizer")
    )
    door_staff: models.ManyToManyField = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        through="DoorStaff",
        through_fields=("event", "person"),
        related_name="door_events",
        verbose_name=_("door staff"),
    )
    # Where a guest's answer to a mail about the event goes. Everyone may read it.
    contact_email = CanonicalEmailField(_("contact e-mail"), blank=True, default="", db_default="")
    # Shown to guests and mailed when the event is cancelled.
    cancel_message = ComposedTextField(_("message to guests"), max_length=2000, blank=True)
    created = models.DateTimeField(auto_now_add=True)
    published_at = models.DateTimeField(null=True, blank=True, editable=False)
    cancelled_at = models.DateTimeField(null=True, blank=True, editable=False)
    # How often what a calendar shows of the event has changed (RFC 5545, SEQUENCE).
    sequence = models.PositiveIntegerField(default=0, editable=False)
    # The start of which the guests were reminded.
    reminded_for = models.DateTimeField(null=True, blank=True, editable=False)

    # Written with every change of a reservation, under this row's lock: one row has all counts.
    confirmed_count = models.PositiveIntegerField(_("confirmed"), default=0, editable=False)
    pending_count = models.PositiveIntegerField(_("pending"), default=0, editable=False)
    checked_in_count = models.PositiveIntegerField(_("checked in"), default=0, editable=False)
    # Only the organizer sees these, above the queue: to count a million rows takes longer than to
    # show a page of them.
    rejected_count = models.PositiveIntegerField(default=0, editable=False)
    cancelled_count = models.PositiveIntegerField(default=0, editable=False)

    objects = EventManager()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["start_time", "id"]
        indexes = [
            # With the end in the index, whether an event is over is known without its row.
            models.Index(
                fields=["status", "start_time", "id", "end_time"], name="event_public_list"
            ),
            models.Index(fields=["organizer", "start_time", "id"], name="event_by_organizer"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(seats_limit__gte=1), name="event_has_seats"),
            models.CheckConstraint(
                condition=Q(confirmed_count__lte=F("seats_limit")), name="event_never_oversold"
            ),
            models.CheckConstraint(
                condition=Q(checked_in_count__lte=F("confirmed_count")),
                name="event_only_confirmed_inside",
            ),
            models.CheckConstraint(
                condition=Q(end_time__gt=F("start_time")), name="event_ends_after_start"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "published", "cancelled"]),
                name="event_status_known",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("events:detail", args=[self.pk])

    @property
    def organizer_name(self) -> str:
        """The organizer's name; empty for one who gave none, because an address is private."""
        name = f"{self.organizer.first_name} {self.organizer.last_name}".strip()
        return str(self.organizer) if self.organizer.is_deleted else name

    @property
    def seats_left(self) -> int:
        return max(0, self.seats_limit - self.confirmed_count)

    @property
    def reservation_count(self) -> int:
        """How many reservations there are, of every status."""
        active = self.pending_count + self.confirmed_count
        return active + self.rejected_count + self.cancelled_count

    @property
    def is_full(self) -> bool:
        return self.seats_left == 0

    @property
    def shown_status(self) -> str:
        """The status that pages show: a published event that is over is `past`."""
        return "past" if self.is_published and self.is_past else self.status

    @property
    def is_draft(self) -> bool:
        return self.status == self.Status.DRAFT

    @property
    def is_published(self) -> bool:
        return self.status == self.Status.PUBLISHED

    @property
    def is_cancelled(self) -> bool:
        return self.status == self.Status.CANCELLED

    @property
    def is_automatic(self) -> bool:
        return self.admission == self.Admission.AUTOMATIC

    @property
    def has_started(self) -> bool:
        return self.start_time <= timezone.now()

    @property
    def guest_count(self) -> int:
        """How many guests get a mail when the event moves or is cancelled: confirmed or pending."""
        return self.confirmed_count + self.pending_count

    @property
    def is_past(self) -> bool:
        return self.end_time <= timezone.now()

    @property
    def is_coming(self) -> bool:
        """Whether guests may still go there: it is neither over nor cancelled."""
        return not self.is_cancelled and not self.is_past

    @property
    def is_running(self) -> bool:
        return self.has_started and not self.is_past

    @property
    def is_today(self) -> bool:
        """Whether the event takes place today, on the calendar of its own time zone."""
        return self.local_start.date() <= timezone.localdate(timezone=self.zone) <= self.last_day

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)

    @property
    def local_start(self) -> datetime:
        """The start on the clock of the event's time zone."""
        return self.start_time.astimezone(self.zone)

    @property
    def local_end(self) -> datetime:
        return self.end_time.astimezone(self.zone)

    @property
    def last_day(self) -> date:
        """The day on which the event ends; an end at midnight belongs to the day before."""
        end = self.local_end
        return end.date() - timedelta(days=end.time() == time.min)

    @property
    def duration(self) -> timedelta:
        """How long the event takes, also across a change of the clocks.

        Python subtracts two times of one zone as its clock shows them, so both are in UTC.
        """
        return self.end_time.astimezone(UTC) - self.start_time.astimezone(UTC)

    @property
    def is_whole_days(self) -> bool:
        """Whether the event lasts from midnight to midnight on its own clock."""
        return self.local_start.time() == self.local_end.time() == time.min
