"""Check-in: the gates of an event, the devices that check in, and their scans."""

import hashlib
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from eventflow.core.fields import ComposedCharField
from events.models import Event
from tickets.models.tickets import Ticket

# By how much a device's clock, which the page corrects by the server's, may still differ from it.
CLOCK_TOLERANCE = timedelta(seconds=5)
# For how long after its end a device may still send what it read before.
LATE_UPLOAD = timedelta(days=1)


class GateQuerySet(models.QuerySet["Gate"]):
    """Gates by whether their link works."""

    def open(self) -> "GateQuerySet":
        """Those whose link works: it is not revoked, and the event is not over."""
        return self.filter(revoked_at=None, event__end_time__gt=timezone.now())


class Gate(models.Model):
    """A named entrance with a link, by which a person without an account may check in.

    The link works until the event ends, or until it is revoked.
    """

    event = models.ForeignKey(Event, models.CASCADE, related_name="gates")
    name = ComposedCharField(_("name"), max_length=60)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    added = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = GateQuerySet.as_manager()

    class Meta:
        verbose_name = _("gate")
        verbose_name_plural = _("gates")
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "name"], condition=Q(revoked_at=None), name="gate_name_once"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        return self.revoked_at is None and not self.event.is_past


class DeviceQuerySet(models.QuerySet["Device"]):
    """Devices by their key."""

    def with_key(self, key: str) -> "DeviceQuerySet":
        """The device that the key belongs to, with `first_started`.

        That is when the first device of its person at its event was registered; None for a device
        without a person.
        """
        same = Device.objects.filter(event=OuterRef("event"), person=OuterRef("person"))
        first = same.order_by("started").values("started")[:1]
        found = self.filter(key_hash=key_hash_of(key)) if key else self.none()
        return found.annotate(first_started=Subquery(first))


def key_hash_of(key: str) -> str:
    """Return the hash that is stored of a device's key.

    The key has 256 random bits, which need no salt and no slow hash.
    """
    return hashlib.sha256(key.encode()).hexdigest()


class Device(models.Model):
    """A phone that checks in at one event.

    A scan of it counts if the device was allowed to check in at the time of the scan.
    """

    event = models.ForeignKey(Event, models.CASCADE, related_name="devices")
    # One of the two: the person who is logged in on it, or the gate whose link opened the page.
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+"
    )
    gate = models.ForeignKey(Gate, models.SET_NULL, null=True, blank=True, related_name="devices")
    name = ComposedCharField(_("device"), max_length=100)
    # NULL while it has no key: an empty text would have to be unique.
    key_hash = models.CharField(max_length=64, unique=True, null=True, editable=False)  # noqa: DJ001
    started = models.DateTimeField(auto_now_add=True)
    # When it last sent a request, how many scans waited on it then, when it passed its own test.
    seen_at = models.DateTimeField(null=True, blank=True, editable=False)
    waiting = models.PositiveIntegerField(default=0, editable=False)
    ready_at = models.DateTimeField(null=True, blank=True, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True, editable=False)

    # Set by `with_key`.
    first_started: datetime | None = None

    objects = DeviceQuerySet.as_manager()

    class Meta:
        verbose_name = _("device")
        verbose_name_plural = _("devices")
        ordering = ["name", "id"]
        constraints = [models.UniqueConstraint(fields=["event", "name"], name="device_name_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def ends_at(self) -> datetime:
        """From when on no scan of it counts.

        A person's device may check in for a day after the event, as long as its person may.
        """
        revoked_at = self.gate.revoked_at if self.gate and self.person_id is None else None
        last = self.event.end_time if self.person_id is None else self.event.end_time + LATE_UPLOAD
        return min(moment for moment in (self.ended_at, revoked_at, last) if moment)

    @property
    def has_ended(self) -> bool:
        return self.ends_at <= timezone.now()

    @property
    def key_expires_at(self) -> datetime:
        """From when on its key is refused: until then it may send what it read before its end."""
        return min(self.ends_at, self.event.end_time) + LATE_UPLOAD

    def may_have_held(self, at: datetime) -> bool:
        """Whether a scan of that time can have waited on the device at its last request."""
        return self.seen_at is None or self.waiting > 0 or at >= self.seen_at - CLOCK_TOLERANCE


class ScanQuerySet(models.QuerySet["Scan"]):
    """Scans by what the organizer has to settle, and by who sent them."""

    def conflicts(self) -> "ScanQuerySet":
        """Those whose device admitted a guest offline, although the ticket admitted nobody."""
        return self.filter(let_in=True).exclude(outcome=CheckInOutcome.ADMITTED)

    def open(self) -> "ScanQuerySet":
        return self.filter(settled_at=None)

    def sent_by(self, person: User | None, device: str) -> "ScanQuerySet":
        """Those of one sender: a person by their account, a device without a person by its name."""
        return self.filter(by=person) if person else self.filter(by=None, device=device)


class CheckInOutcome(models.TextChoices):
    """The outcomes of a check-in, for the page, the script, the API and the database.

    The value is what the database stores; `code` is the word of pages and scripts. UNVERIFIED is
    found only by a device without a connection, which then asks its person; it is never stored.
    """

    ADMITTED = "admitted", _("Let in")
    ALREADY_USED = "used", _("Already used")
    REFUSED = "refused", _("Not valid")
    UNVERIFIED = "unverified", _("Not yet verified")

    @property
    def code(self) -> str:
        """`admitted`, `already_used`, `refused` or `unverified`."""
        return self.name.lower()


STORED_OUTCOMES = [
    (outcome.value, outcome.label)
    for outcome in CheckInOutcome
    if outcome != CheckInOutcome.UNVERIFIED
]


class Scan(models.Model):
    """One reading of a code by a device.

    Sent any number of times, in any order, it is stored once.
    """

    event = models.ForeignKey(Event, models.CASCADE, related_name="scans")
    # NULL for a code that is no ticket of this event.
    ticket = models.ForeignKey(Ticket, models.CASCADE, null=True, related_name="scans")
    # The random number that the device gave this reading.
    nonce = models.CharField(max_length=64)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    device = ComposedCharField(_("device"), max_length=100, blank=True)
    # When the device read it, by its own clock; and when the server received it, by ours.
    at = models.DateTimeField(_("scanned"))
    received = models.DateTimeField(auto_now_add=True)
    # Whether the device admitted the guest offline, before the server answered.
    let_in = models.BooleanField(default=False)
    outcome = models.CharField(_("outcome"), max_length=16, choices=STORED_OUTCOMES)
    # The code of the refusal.
    reason = models.CharField(max_length=40, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )

    objects = ScanQuerySet.as_manager()

    class Meta:
        verbose_name = _("scan")
        verbose_name_plural = _("scans")
        ordering = ["at", "id"]
        constraints = [models.UniqueConstraint(fields=["event", "nonce"], name="scan_once")]
        indexes = [
            models.Index(
                fields=["event", "at", "id"],
                condition=Q(let_in=True) & ~Q(outcome="admitted"),
                name="scan_conflicts",
            ),
            models.Index(fields=["event", "received"], name="scan_rate"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.outcome}"

    @property
    def found_ticket_used(self) -> bool:
        """Whether the ticket had been used before this scan."""
        return self.outcome == CheckInOutcome.ALREADY_USED
