"""Reservations, the tickets that come of them, and the keys that sign those."""

import base64
import secrets
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Case, Count, Exists, OuterRef, Q, Subquery, When
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from events.models import Event


class ReservationQuerySet(models.QuerySet["Reservation"]):
    def pending(self) -> "ReservationQuerySet":
        return self.filter(status=Reservation.Status.PENDING)

    def confirmed(self) -> "ReservationQuerySet":
        return self.filter(status=Reservation.Status.CONFIRMED)

    def live(self) -> "ReservationQuerySet":
        """Those that hold a place in the queue or a seat."""
        return self.filter(status__in=Reservation.LIVE)

    def in_queue_order(self) -> "ReservationQuerySet":
        return self.order_by("created", "id")

    def before(self, created: Any, pk: Any) -> "ReservationQuerySet":
        """Those that stand before (created, pk) in the order of the queue; values or OuterRefs."""
        return self.filter(Q(created__lt=created) | Q(pk__lt=pk), created__lte=created)

    def with_position(self) -> "ReservationQuerySet":
        """Each with `position`: 1 + the pending ones before it at its event, counted by the same query. Not for whole queues."""
        ahead = Reservation.objects.pending().filter(event=OuterRef("event")).before(OuterRef("created"), OuterRef("pk")).order_by()
        count = ahead.values("event").annotate(count=Count("pk")).values("count")
        waiting = When(status=Reservation.Status.PENDING, then=Coalesce(Subquery(count), 0) + 1)
        return self.annotate(position=Case(waiting, default=None, output_field=models.IntegerField()))

    def with_entry(self) -> "ReservationQuerySet":
        """Each with `inside`: whether its valid ticket has been used at the door."""
        return self.annotate(inside=Exists(Ticket.objects.valid().filter(reservation=OuterRef("pk"), checked_in_at__isnull=False)))

    def newest_per_event(self) -> "ReservationQuerySet":
        """Without those that the same person replaced by a later one at the same event."""
        later = Reservation.objects.filter(person=OuterRef("person"), event=OuterRef("event"), pk__gt=OuterRef("pk")).order_by()
        return self.filter(~Exists(later))


class Reservation(models.Model):
    class Status(models.TextChoices):
        PENDING = "pending", _("Pending")
        CONFIRMED = "confirmed", _("Confirmed")
        REJECTED = "rejected", _("Rejected")
        CANCELLED = "cancelled", pgettext_lazy("reservation", "Cancelled")

    LIVE = (Status.PENDING, Status.CONFIRMED)

    # The whole state machine: a move that is not listed cannot happen. The ones back to pending are the undo of a decision.
    MOVES: ClassVar[dict[str, set[str]]] = {
        Status.PENDING: {Status.CONFIRMED, Status.REJECTED, Status.CANCELLED},
        Status.CONFIRMED: {Status.REJECTED, Status.CANCELLED, Status.PENDING},
        Status.REJECTED: {Status.PENDING},
        Status.CANCELLED: set(),
    }

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="reservations", verbose_name=_("person"))
    event = models.ForeignKey(Event, models.CASCADE, related_name="reservations", verbose_name=_("event"))
    status = models.CharField(_("status"), max_length=16, choices=Status.choices, default=Status.PENDING)
    # Read under the event's lock, so the order of the queue is the order of the commits.
    created = models.DateTimeField(_("reserved"), default=timezone.now, editable=False)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True, editable=False)
    # None on a decided one: the automatic queue, not a person.
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", editable=False)
    # The organizer's words to somebody who was rejected.
    message = models.TextField(_("message"), max_length=1000, blank=True)
    # What the organizers tell each other about this guest, who never reads it.
    note = models.TextField(_("note"), max_length=1000, blank=True)
    # What the form carried: sent twice, it reserves once.
    key = models.CharField(max_length=36, blank=True, editable=False)

    objects = ReservationQuerySet.as_manager()

    class Meta:
        verbose_name = _("reservation")
        verbose_name_plural = _("reservations")
        ordering = ["created", "id"]
        indexes = [
            models.Index(fields=["event", "status", "created", "id"], name="reservation_queue"),
            models.Index(fields=["event", "created", "id"], name="reservation_by_event"),
            models.Index(fields=["person", "-created", "-id"], name="reservation_by_person"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["person", "event"], condition=Q(status__in=["pending", "confirmed"]), name="one_live_reservation"),
            models.CheckConstraint(condition=Q(status__in=["pending", "confirmed", "rejected", "cancelled"]), name="reservation_status_known"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.status}"

    @property
    def is_pending(self) -> bool:
        return self.status == self.Status.PENDING

    @property
    def is_confirmed(self) -> bool:
        return self.status == self.Status.CONFIRMED

    @property
    def is_rejected(self) -> bool:
        return self.status == self.Status.REJECTED

    @property
    def is_cancelled(self) -> bool:
        return self.status == self.Status.CANCELLED

    @property
    def is_live(self) -> bool:
        return self.status in self.LIVE

    def can_move_to(self, status: str) -> bool:
        return status in self.MOVES[self.status]


def new_serial() -> str:
    """64 random bits as 16 hexadecimal digits: unguessable, and small enough for the QR code."""
    return secrets.token_hex(8)


def code_of(serial: str) -> str:
    """The short code that people read aloud at the door: the first 40 bits of the serial in Crockford's base 32, as `7K4M-2QXD`."""
    alphabet, crockford = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    text = base64.b32encode(bytes.fromhex(serial)[:5]).translate(bytes.maketrans(alphabet, crockford)).decode()
    return f"{text[:4]}-{text[4:]}"


class TicketQuerySet(models.QuerySet["Ticket"]):
    def valid(self) -> "TicketQuerySet":
        return self.filter(void_at=None)


class Ticket(models.Model):
    """The right to go in once. Exists from confirmation; void as soon as the reservation is no longer confirmed."""

    reservation = models.ForeignKey(Reservation, models.CASCADE, related_name="tickets")
    event = models.ForeignKey(Event, models.CASCADE, related_name="tickets")
    serial = models.CharField(max_length=16, unique=True, editable=False)
    # Derived from the serial and kept, because the door searches by it.
    code = models.CharField(_("code"), max_length=9, editable=False)
    issued_at = models.DateTimeField(_("issued"), auto_now_add=True)
    void_at = models.DateTimeField(_("void since"), null=True, blank=True, editable=False)
    checked_in_at = models.DateTimeField(_("checked in"), null=True, blank=True, editable=False)
    checked_in_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", editable=False)
    checked_in_device = models.CharField(_("device"), max_length=100, blank=True, editable=False)

    objects = TicketQuerySet.as_manager()

    class Meta:
        verbose_name = _("ticket")
        verbose_name_plural = _("tickets")
        indexes = [
            models.Index(fields=["event", "code"], name="ticket_by_code"),
            models.Index(fields=["event", "checked_in_at"], name="ticket_arrivals"),
        ]
        constraints = [models.UniqueConstraint(fields=["reservation"], condition=Q(void_at=None), name="one_valid_ticket")]

    def __str__(self) -> str:
        return f"{self.pk}"

    @classmethod
    def issue(cls, reservation: Reservation) -> "Ticket":
        """A new ticket for a confirmed reservation, not yet saved."""
        serial = new_serial()
        return cls(reservation=reservation, event_id=reservation.event_id, serial=serial, code=code_of(serial))

    @property
    def is_used(self) -> bool:
        return self.checked_in_at is not None

    @property
    def is_void(self) -> bool:
        return self.void_at is not None


class ScanQuerySet(models.QuerySet["Scan"]):
    def conflicts(self) -> "ScanQuerySet":
        """Those whose device opened the door, though the ticket did not let anybody in any more."""
        return self.filter(let_in=True).exclude(outcome=Scan.Outcome.ADMITTED)

    def open(self) -> "ScanQuerySet":
        return self.filter(settled_at=None)


class Scan(models.Model):
    """One reading of a ticket at a door, as the device kept it. Sent any number of times, in any order, it counts once."""

    class Outcome(models.TextChoices):
        ADMITTED = "admitted", _("Let in")
        USED = "used", _("Already used")
        REFUSED = "refused", _("Not valid")

    event = models.ForeignKey(Event, models.CASCADE, related_name="scans")
    # None for a code behind which there is no ticket of ours.
    ticket = models.ForeignKey(Ticket, models.CASCADE, null=True, related_name="scans")
    # What the device drew for this reading.
    nonce = models.CharField(max_length=64)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    device = models.CharField(_("device"), max_length=100, blank=True)
    # On the device's clock, which may be offline for long; and on ours, when we heard of it.
    at = models.DateTimeField(_("scanned"))
    received = models.DateTimeField(auto_now_add=True)
    # Whether the device had opened the door before it asked us, because it could not ask.
    let_in = models.BooleanField(default=False)
    outcome = models.CharField(_("outcome"), max_length=16, choices=Outcome.choices)
    # The code of the refusal.
    reason = models.CharField(max_length=40, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    objects = ScanQuerySet.as_manager()

    class Meta:
        verbose_name = _("scan")
        verbose_name_plural = _("scans")
        ordering = ["at", "id"]
        constraints = [models.UniqueConstraint(fields=["event", "nonce"], name="scan_once")]
        indexes = [models.Index(fields=["event", "at", "id"], condition=Q(let_in=True) & ~Q(outcome="admitted"), name="scan_conflicts")]

    def __str__(self) -> str:
        return f"{self.pk} {self.outcome}"


class Announcement(models.Model):
    """What an organizer wrote to the guests of an event, and to how many."""

    class Audience(models.TextChoices):
        ALL = "all", _("Everybody with a place")
        CONFIRMED = "confirmed", _("Those who are confirmed")
        PENDING = "pending", _("Those who wait")

    event = models.ForeignKey(Event, models.CASCADE, related_name="announcements")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    audience = models.CharField(_("to"), max_length=16, choices=Audience.choices, default=Audience.CONFIRMED)
    subject = models.CharField(_("subject"), max_length=150)
    body = models.TextField(_("message"), max_length=5000)
    # What the form carried: sent twice, it goes out once.
    key = models.UUIDField(unique=True, editable=False)
    recipients = models.PositiveIntegerField(default=0, editable=False)
    created = models.DateTimeField(default=timezone.now, editable=False)
    # Its mails wait until then, and until then it can be taken back.
    leaves_at = models.DateTimeField(editable=False)
    withdrawn_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("announcement")
        verbose_name_plural = _("announcements")
        ordering = ["-created", "-id"]
        indexes = [models.Index(fields=["event", "-created", "-id"], name="announcement_by_event")]

    def __str__(self) -> str:
        return f"{self.pk}"

    @property
    def is_withdrawn(self) -> bool:
        return self.withdrawn_at is not None

    @property
    def can_be_withdrawn(self) -> bool:
        return not self.is_withdrawn and timezone.now() < self.leaves_at


class SigningKey(models.Model):
    """An Ed25519 key that signs tickets. Its number stands in every QR code, so old tickets outlive a new key."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    public = models.BinaryField(max_length=32, unique=True)
    # Empty when the private half comes from the environment.
    private = models.BinaryField(max_length=32, default=b"")
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("signing key")
        verbose_name_plural = _("signing keys")
        constraints = [models.CheckConstraint(condition=Q(id__gte=1, id__lte=255), name="signing_key_fits_a_byte")]

    def __str__(self) -> str:
        return str(self.pk)
