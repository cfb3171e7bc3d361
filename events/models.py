"""What an event is, and which moves its life allows."""

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
    FoldedQuerySet,
)
from eventflow.core.search import every_word
from eventflow.core.time_zones import selectable_zones, zones

MOST_SEATS = 1_000_000
# No event is outside these, and no clock of the world breaks on them.
FIRST_YEAR, LAST_YEAR = 2000, 2199
MOMENTS = [
    MinValueValidator(datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)),
    MaxValueValidator(datetime(LAST_YEAR, 12, 31, tzinfo=UTC)),
]


# What the public search looks through.
SEARCHED = [
    "title_folded",
    "description_folded",
    "location_folded",
    "organizer__first_name_folded",
    "organizer__last_name_folded",
]


def current_zone(name: str) -> None:
    """Refuse `localtime`, `Factory` and names that a zone had once, such as Asia/Calcutta."""
    if name not in selectable_zones():
        raise ValidationError(
            _(
                "This is no time zone of a place, or an old name of one. Write it like Europe/Warsaw."
            ),
            code="unknown_zone",
        )


def known_zone(name: str) -> None:
    if name not in zones():
        raise ValidationError(
            _("There is no time zone of this name. Write it like Europe/Warsaw."),
            code="unknown_zone",
        )


class EventQuerySet(FoldedQuerySet, models.QuerySet["Event"]):
    def published(self) -> "EventQuerySet":
        return self.filter(status=Event.Status.PUBLISHED)

    def public(self) -> "EventQuerySet":
        """What everybody may see: a cancelled event stays, so that its guests learn of it, unless it never was more than a draft."""
        return self.exclude(status=Event.Status.DRAFT).exclude(
            status=Event.Status.CANCELLED, published_at=None
        )

    def upcoming(self) -> "EventQuerySet":
        return self.filter(end_time__gt=timezone.now())

    def past(self) -> "EventQuerySet":
        now = timezone.now()
        # What is over has begun. The index is in the order of the starts: said this way, nothing that is to come is walked over.
        return self.filter(end_time__lte=now, start_time__lt=now)

    def between(self, since: datetime | None, until: datetime | None) -> "EventQuerySet":
        """Those that happen, at least partly, after `since` and before `until`. None: no bound on that side."""
        after = self.filter(end_time__gt=since) if since else self
        return after.filter(start_time__lt=until) if until else after

    def with_spots(self) -> "EventQuerySet":
        """Those that can still be reserved without waiting for somebody else to leave."""
        return self.published().filter(
            confirmed_count__lt=F("seats_limit"), start_time__gt=timezone.now()
        )

    def at(self, place: str) -> "EventQuerySet":
        return self.filter(every_word(place, "location_folded"))

    def matching(self, words: str) -> "EventQuerySet":
        """Those that name every one of these words in their title, text, place or organizer."""
        return self.filter(every_word(words, *SEARCHED))


class EventManager(models.Manager.from_queryset(EventQuerySet)):  # type: ignore[misc]
    """Reads events without their folded text, which can be as long as the text itself and is only searched."""

    def get_queryset(self) -> EventQuerySet:
        return super().get_queryset().defer("description_folded")


class Event(FoldedModel):
    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PUBLISHED = "published", _("Published")
        CANCELLED = "cancelled", _("Cancelled")

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

    # The whole life of an event: a move that is not listed cannot happen.
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
    start_time = models.DateTimeField(_("starts"), validators=MOMENTS)
    end_time = models.DateTimeField(_("ends"), validators=MOMENTS)
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="Europe/Warsaw", validators=[known_zone]
    )
    seats_limit = models.PositiveIntegerField(
        _("capacity"), validators=[MinValueValidator(1), MaxValueValidator(MOST_SEATS)]
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
    # Where a guest's answer to a mail about the event goes. Everybody may read it.
    contact_email = CanonicalEmailField(_("contact e-mail"), blank=True, default="", db_default="")
    # Shown to guests and mailed when the event is cancelled.
    cancel_message = ComposedTextField(_("message to guests"), max_length=2000, blank=True)
    created = models.DateTimeField(auto_now_add=True)
    published_at = models.DateTimeField(null=True, blank=True, editable=False)
    cancelled_at = models.DateTimeField(null=True, blank=True, editable=False)
    # How often what a calendar shows of it has changed (RFC 5545, SEQUENCE), and for which start its guests were reminded.
    sequence = models.PositiveIntegerField(default=0, editable=False)
    reminded_for = models.DateTimeField(null=True, blank=True, editable=False)

    # Kept with every move of a reservation, under this row's lock, so that one read tells the numbers.
    confirmed_count = models.PositiveIntegerField(_("confirmed"), default=0, editable=False)
    pending_count = models.PositiveIntegerField(_("pending"), default=0, editable=False)
    checked_in_count = models.PositiveIntegerField(_("checked in"), default=0, editable=False)
    # Nobody is shown these but the organizer, above the queue: counting a million rows takes longer than drawing them.
    rejected_count = models.PositiveIntegerField(default=0, editable=False)
    cancelled_count = models.PositiveIntegerField(default=0, editable=False)

    objects = EventManager()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["start_time", "id"]
        indexes = [
            # The end is read from the index too: what is over, or not yet, is told without its row.
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
    def host(self) -> str:
        """Who invites, by name. Nothing for an organizer who gave none: their address is not for everybody."""
        name = f"{self.organizer.first_name} {self.organizer.last_name}".strip()
        return str(self.organizer) if self.organizer.is_deleted else name

    @property
    def spots_left(self) -> int:
        return max(0, self.seats_limit - self.confirmed_count)

    @property
    def all_count(self) -> int:
        """How many reservations there are, whatever became of them."""
        return (
            self.pending_count + self.confirmed_count + self.rejected_count + self.cancelled_count
        )

    @property
    def is_full(self) -> bool:
        return self.spots_left == 0

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
        """How many people have a seat or wait for one: who gets a mail when the event moves or is cancelled."""
        return self.confirmed_count + self.pending_count

    @property
    def is_past(self) -> bool:
        return self.end_time <= timezone.now()

    @property
    def is_ahead(self) -> bool:
        """Neither over nor cancelled: somebody may still go there."""
        return not self.is_cancelled and not self.is_past

    @property
    def is_running(self) -> bool:
        return self.has_started and not self.is_past

    @property
    def is_today(self) -> bool:
        """Whether it takes place on this day of its own calendar."""
        return self.local_start.date() <= timezone.localdate(timezone=self.zone) <= self.last_day

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)

    @property
    def local_start(self) -> datetime:
        """The start as the clock on the wall shows it there."""
        return self.start_time.astimezone(self.zone)

    @property
    def local_end(self) -> datetime:
        return self.end_time.astimezone(self.zone)

    @property
    def last_day(self) -> date:
        """The day on which it ends, there. An end at midnight is the end of the day before."""
        end = self.local_end
        return end.date() - timedelta(days=end.time() == time.min)

    @property
    def duration(self) -> timedelta:
        """How long it takes. In UTC, because Python subtracts two times of one zone as its clock shows them."""
        return self.end_time.astimezone(UTC) - self.start_time.astimezone(UTC)

    @property
    def is_whole_days(self) -> bool:
        """Whether it lasts from midnight to midnight, there."""
        return self.local_start.time() == self.local_end.time() == time.min


class DoorStaff(models.Model):
    """Somebody who may check tickets in at one event, and nothing else. Without `person`: invited, and not signed up yet."""

    event = models.ForeignKey(Event, models.CASCADE)
    email = CanonicalEmailField(_("e-mail"))
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    added = models.DateTimeField(auto_now_add=True)
    # When the person signed up for it, or first stood at the door. Until then an organizer knows the
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
