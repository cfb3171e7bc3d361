"""A place in the queue, and the ticket that comes of it."""

import base64
import secrets
from collections.abc import Iterable
from datetime import timedelta
from math import ceil
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Case, Count, Exists, F, OuterRef, Q, Subquery, When
from django.db.models.functions import Coalesce, Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from eventflow.core.fields import (
    ComposedCharField,
    ComposedTextField,
    FoldedField,
    FoldedModel,
    FoldedQuerySet,
)
from eventflow.core.search import any_word, every_word
from events.models import Event

# What a guest is looked for by.
NAMES = ("first_name_folded", "last_name_folded", "email")


class ReservationQuerySet(FoldedQuerySet, models.QuerySet["Reservation"]):
    def update(self, **fields: Any) -> int:
        """Django's, which also says when. Called without fields, it says that something beside the row has changed, as its check-in."""
        return super().update(**{"updated": timezone.now(), **fields})

    def pending(self) -> "ReservationQuerySet":
        return self.filter(status=Reservation.Status.PENDING)

    def confirmed(self) -> "ReservationQuerySet":
        return self.filter(status=Reservation.Status.CONFIRMED)

    def active(self) -> "ReservationQuerySet":
        """Those that hold a place in the queue or a seat."""
        return self.filter(status__in=Reservation.ACTIVE)

    def had_place(self) -> "ReservationQuerySet":
        """Those that held a place in the queue or a seat when their event was cancelled."""
        return self.exclude(status_at_cancellation="")

    def in_queue_order(self) -> "ReservationQuerySet":
        return self.order_by("created", "id")

    def matching(self, text: str, beside: str) -> "ReservationQuerySet":
        """Those whose guest's names or address hold every word of `text`, or hold it together with the field `beside`.

        Asked in two halves: one condition over two tables would be tried on every row, while for each half there is an index.
        """
        if not text.split():
            return self
        people = User.objects.filter(every_word(text, *NAMES)).order_by().values("pk")
        by_name = self.filter(person__in=people).order_by().values("pk")
        together = (
            self.filter(
                any_word(text, beside),
                every_word(text, *(f"person__{name}" for name in NAMES), beside),
            )
            .order_by()
            .values("pk")
        )
        return self.filter(pk__in=by_name.union(together))

    def before(self, created: Any, pk: Any) -> "ReservationQuerySet":
        """Those that stand before (created, pk) in the order of the queue; values or OuterRefs."""
        return self.filter(Q(created__lt=created) | Q(pk__lt=pk), created__lte=created)

    def after(self, created: Any, pk: Any) -> "ReservationQuerySet":
        """Those that stand after it."""
        return self.filter(Q(created__gt=created) | Q(pk__gt=pk), created__gte=created)

    def with_position(self) -> "ReservationQuerySet":
        """Each with `position`: 1 + the pending ones before it at its event, counted by the same query. Not for whole queues."""
        ahead = (
            Reservation.objects.pending()
            .filter(event=OuterRef("event"))
            .before(OuterRef("created"), OuterRef("pk"))
            .order_by()
        )
        count = ahead.values("event").annotate(count=Count("pk")).values("count")
        waiting = When(status=Reservation.Status.PENDING, then=Coalesce(Subquery(count), 0) + 1)
        place = Case(waiting, default=None, output_field=models.IntegerField())
        return self.annotate(position=place)  # type: ignore[no-redef] # which the model declares below

    def with_entry(self) -> "ReservationQuerySet":
        """Each with `inside`: whether its valid ticket has been used at the door."""
        return self.annotate(inside=Exists(entries_of(OuterRef("pk"))))  # type: ignore[no-redef] # which the model declares below

    def with_check_in(self) -> "ReservationQuerySet":
        """Each with `checked_in_at`: when its valid ticket was used at the door; None when it was not."""
        return self.annotate(
            checked_in_at=Subquery(entries_of(OuterRef("pk")).values("checked_in_at")[:1])
        )

    def checked_in(self, checked_in: bool = True) -> "ReservationQuerySet":
        """Those whose valid ticket has been used at the door, or those whose ticket has not."""
        used = Exists(entries_of(OuterRef("pk")))
        return self.filter(used if checked_in else ~used)

    def newest_per_event(self) -> "ReservationQuerySet":
        """Without those that the same person replaced by a later one at the same event."""
        later = Reservation.objects.filter(
            person=OuterRef("person"), event=OuterRef("event"), pk__gt=OuterRef("pk")
        ).order_by()
        return self.filter(~Exists(later))


class Reservation(FoldedModel):
    class Status(models.TextChoices):
        PENDING = "pending", _("Pending")
        CONFIRMED = "confirmed", _("Confirmed")
        REJECTED = "rejected", _("Rejected")
        CANCELLED = "cancelled", pgettext_lazy("reservation", "Cancelled")

    class AtCancellation(models.TextChoices):
        """What a reservation was when its event was cancelled."""

        PENDING = "pending", pgettext_lazy("reservation of a cancelled event", "Was waiting")
        CONFIRMED = "confirmed", pgettext_lazy("reservation of a cancelled event", "Had a spot")

    ACTIVE = (Status.PENDING, Status.CONFIRMED)

    # The whole state machine: a move that is not listed cannot happen. The ones back to pending are the undo of a decision.
    MOVES: ClassVar[dict[str, set[str]]] = {
        Status.PENDING: {Status.CONFIRMED, Status.REJECTED, Status.CANCELLED},
        Status.CONFIRMED: {Status.REJECTED, Status.CANCELLED, Status.PENDING},
        Status.REJECTED: {Status.PENDING},
        Status.CANCELLED: set(),
    }

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="reservations",
        verbose_name=_("person"),
    )
    event = models.ForeignKey(
        Event, models.CASCADE, related_name="reservations", verbose_name=_("event")
    )
    status = models.CharField(
        _("status"), max_length=16, choices=Status.choices, default=Status.PENDING
    )
    # Read under the event's lock, so the order of the queue is the order of the commits.
    created = models.DateTimeField(_("reserved"), default=timezone.now, editable=False)
    # When anything of it changed last, its check-in included. Every write sets it: `save`, and `update` of the queryset.
    updated = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True, editable=False)
    # None on a decided one: the automatic queue, not a person.
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
    )
    # What it was when its event was cancelled, which rejected it; empty for all others.
    status_at_cancellation = models.CharField(
        _("when the event was cancelled"),
        max_length=16,
        choices=AtCancellation.choices,
        blank=True,
        # For the processes of before, while a new version takes over one by one.
        db_default="",
        default="",
        editable=False,
    )
    # The organizer's words to somebody who was rejected.
    message = ComposedTextField(_("message"), max_length=1000, blank=True)
    # What the organizers tell each other about this guest, who never reads it.
    note = ComposedTextField(_("note"), max_length=1000, blank=True)
    note_folded = FoldedField(source="note")
    # What the form carried: sent twice, it reserves once.
    key = models.CharField(max_length=36, blank=True, editable=False)
    # The place in the queue, None for whoever does not wait; known to those that `with_position` or the service brought it to.
    position: int | None
    # Whether its valid ticket has been used at the door; known to those that `with_entry` brought it to.
    inside: bool

    objects = ReservationQuerySet.as_manager()

    class Meta:
        verbose_name = _("reservation")
        verbose_name_plural = _("reservations")
        ordering = ["created", "id"]
        indexes = [
            models.Index(fields=["event", "status", "created", "id"], name="reservation_queue"),
            # With the status, so that lists without the cancelled ones are read from the index too.
            models.Index(
                fields=["event", "created", "id", "status"], name="reservation_list_of_event"
            ),
            models.Index(
                fields=["person", "-created", "-id", "status"], name="reservation_list_of_person"
            ),
            # What is new at all the events of an organizer, without a look at all that is old.
            models.Index(fields=["-created", "-id"], name="reservation_newest"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "event"],
                condition=Q(status__in=["pending", "confirmed"]),
                name="one_live_reservation",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["pending", "confirmed", "rejected", "cancelled"]),
                name="reservation_status_known",
            ),
            models.CheckConstraint(
                condition=Q(status_at_cancellation="")
                | Q(status_at_cancellation__in=["pending", "confirmed"], status="rejected"),
                name="reservation_at_cancellation",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.status}"

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        self.updated = timezone.now()
        named = None if update_fields is None else {*update_fields, "updated"}
        super().save(*args, update_fields=named, **kwargs)

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
    def is_active(self) -> bool:
        return self.status in self.ACTIVE

    @property
    def undo_seconds_left(self) -> int:
        """For how long a person's decision can still be taken back before its mail leaves; 0 where it has left or nobody decided."""
        if self.decided_by_id is None or self.decided_at is None:
            return 0
        delay = timedelta(seconds=settings.MAIL_DECISION_DELAY_SECONDS)
        return max(0, ceil((self.decided_at + delay - timezone.now()).total_seconds()))

    @property
    def decision_was_mailed(self) -> bool:
        """Whether the mail about a person's decision has left: taking the decision back does not take the mail back."""
        return (
            self.decided_by_id is not None
            and self.decided_at is not None
            and not self.undo_seconds_left
        )

    @property
    def state(self) -> str:
        """The status as pages show it: `had-confirmed` or `had-pending` for one that its event's cancellation ended."""
        return f"had-{self.status_at_cancellation}" if self.status_at_cancellation else self.status

    @property
    def had_seat_at_cancellation(self) -> bool:
        return self.status_at_cancellation == self.AtCancellation.CONFIRMED

    @property
    def waited_at_cancellation(self) -> bool:
        return self.status_at_cancellation == self.AtCancellation.PENDING

    @property
    def state_words(self) -> str:
        return str(self.get_status_at_cancellation_display() or self.get_status_display())

    @property
    def can_be_cancelled(self) -> bool:
        """Whether its guest may give it back: who has a seat or a place in the queue, until the event is over."""
        return self.is_active and not self.event.is_past

    def can_move_to(self, status: str) -> bool:
        return status in self.MOVES[self.status]


def entries_of(reservation: Any) -> "TicketQuerySet":
    """The valid ticket of this reservation, if it has been used at the door. `reservation`: a key, or an OuterRef."""
    return (
        Ticket.objects.valid()
        .filter(reservation=reservation, checked_in_at__isnull=False)
        .order_by()
    )


def new_serial() -> str:
    """64 random bits as 16 hexadecimal digits: unguessable, and small enough for the QR code."""
    return secrets.token_hex(8)


def code_of(serial: str) -> str:
    """The short code that people read aloud at the door: the first 40 bits of the serial in Crockford's base 32, as `7K4M-2QXD`."""
    alphabet, crockford = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    text = (
        base64.b32encode(bytes.fromhex(serial)[:5])
        .translate(bytes.maketrans(alphabet, crockford))
        .decode()
    )
    return f"{text[:4]}-{text[4:]}"


class TicketQuerySet(models.QuerySet["Ticket"]):
    def valid(self) -> "TicketQuerySet":
        return self.filter(void_at=None)

    def void_after_mail(self) -> "TicketQuerySet":
        """Those that are void, and were valid until their mail had left: their guests believe that they have a seat."""
        delay = timedelta(seconds=settings.MAIL_DECISION_DELAY_SECONDS)
        return self.filter(void_at__gte=F("issued_at") + delay)

    def with_known_scan(self, event: Event, nonce: str) -> "TicketQuerySet":
        """Each with `known_scan`: the id of the event's scan of this nonce, whatever its ticket."""
        known = event.scans.filter(nonce=nonce).order_by().values("pk")
        return self.annotate(known_scan=Subquery(known))

    def change(self, **fields: Any) -> int:
        """`update`, which devices that keep a copy of the list hear of, and whoever reads reservations. How many there were."""
        # First, for afterwards these may be other tickets. The caller holds the lock of their event.
        Reservation.objects.filter(pk__in=self.order_by().values("reservation")).update()
        return self.update(changed=timezone.now(), **fields)


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
    checked_in_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
    )
    checked_in_device = ComposedCharField(_("device"), max_length=100, blank=True, editable=False)
    # When it was issued, used, taken back or made void: a device at the door asks for what is new.
    changed = models.DateTimeField(default=timezone.now, editable=False)

    # Known to those that `with_known_scan` brought it to.
    known_scan: int | None = None

    objects = TicketQuerySet.as_manager()

    class Meta:
        verbose_name = _("ticket")
        verbose_name_plural = _("tickets")
        indexes = [
            # Also by the first characters, in whatever order the language of the database puts them.
            models.Index(
                fields=["event", "code"],
                name="ticket_by_code",
                opclasses=["int8_ops", "varchar_pattern_ops"],
            ),
            models.Index(fields=["event", "checked_in_at"], name="ticket_arrivals"),
            models.Index(fields=["event", "changed"], name="ticket_changes"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["reservation"], condition=Q(void_at=None), name="one_valid_ticket"
            )
        ]

    def __str__(self) -> str:
        return f"{self.pk}"

    @classmethod
    def issue(cls, reservation: Reservation) -> "Ticket":
        """A new ticket for a confirmed reservation, not yet saved."""
        serial = new_serial()
        return cls(
            reservation=reservation,
            event_id=reservation.event_id,
            serial=serial,
            code=code_of(serial),
        )

    @property
    def is_used(self) -> bool:
        return self.checked_in_at is not None

    @property
    def is_void(self) -> bool:
        return self.void_at is not None

    @property
    def admitted_by(self) -> str:
        """Which device let the guest in, and whose: `Gate 2, Tomasz Lis`. A phone that bears its person's name says it once."""
        device, person = self.checked_in_device, str(self.checked_in_by or "")
        return device if person and person in device else ", ".join(filter(None, [device, person]))
