"""The reservation of a guest: its status, its position in the queue, and how it is looked for."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Case, Count, Exists, OuterRef, Q, Subquery, When
from django.db.models.functions import Coalesce, Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from eventflow.core.fields import ComposedTextField, FoldedField, FoldedModel, FoldedQuerySet
from eventflow.core.search import any_word, every_word
from events.models import Event

if TYPE_CHECKING:
    from tickets.models.tickets import TicketQuerySet

# The fields of a person by which a guest is looked for.
NAMES = ("first_name_folded", "last_name_folded", "email")


class ReservationQuerySet(FoldedQuerySet, models.QuerySet["Reservation"]):
    def update(self, **fields: Any) -> int:
        """Update as Django does, and set `updated`.

        Without fields, for a change beside the row, as a check-in is.
        """
        return super().update(**{"updated": timezone.now(), **fields})

    def pending(self) -> "ReservationQuerySet":
        return self.filter(status=Reservation.Status.PENDING)

    def confirmed(self) -> "ReservationQuerySet":
        return self.filter(status=Reservation.Status.CONFIRMED)

    def active(self) -> "ReservationQuerySet":
        """Those that are pending or confirmed."""
        return self.filter(status__in=Reservation.ACTIVE)

    def had_place(self) -> "ReservationQuerySet":
        """Those that were active when their event was cancelled."""
        return self.exclude(status_at_cancellation="")

    def in_queue_order(self) -> "ReservationQuerySet":
        return self.order_by("created", "id")

    def matching(self, text: str, beside: str) -> "ReservationQuerySet":
        """Those whose guest's names or address contain every word of `text`.

        Words may also be in the field `beside` of the reservation. Asked in two halves: one
        condition over two tables would be tried on every row, while each half has an index.
        """
        if not text.split():
            return self
        people = User.objects.filter(every_word(text, *NAMES)).order_by().values("pk")
        by_name = self.filter(person__in=people).order_by()
        everywhere = every_word(text, *(f"person__{name}" for name in NAMES), beside)
        together = self.filter(any_word(text, beside), everywhere).order_by()
        return self.filter(pk__in=by_name.values("pk").union(together.values("pk")))

    def before(self, created: Any, pk: Any) -> "ReservationQuerySet":
        """Those before (created, pk) in queue order; both are values or OuterRefs."""
        return self.filter(Q(created__lt=created) | Q(pk__lt=pk), created__lte=created)

    def after(self, created: Any, pk: Any) -> "ReservationQuerySet":
        """Those after (created, pk) in queue order; both are values or OuterRefs."""
        return self.filter(Q(created__gt=created) | Q(pk__gt=pk), created__gte=created)

    def with_position(self) -> "ReservationQuerySet":
        """Each with `position`: 1 + the pending ones before it at its event.

        They are counted in the same query, once for each row: not for whole queues.
        """
        ahead = Reservation.objects.pending().filter(event=OuterRef("event")).order_by()
        ahead = ahead.before(OuterRef("created"), OuterRef("pk"))
        count = ahead.values("event").annotate(count=Count("pk")).values("count")
        waiting = When(status=Reservation.Status.PENDING, then=Coalesce(Subquery(count), 0) + 1)
        place = Case(waiting, default=None, output_field=models.IntegerField())
        return self.annotate_declared(position=place)

    def with_entry(self) -> "ReservationQuerySet":
        """Each with `inside`: whether its valid ticket has been used."""
        return self.annotate_declared(inside=Exists(used_ticket(OuterRef("pk"))))

    def with_check_in(self) -> "ReservationQuerySet":
        """Each with `checked_in_at`: when its valid ticket was used; None when it was not."""
        used_at = used_ticket(OuterRef("pk")).values("checked_in_at")[:1]
        return self.annotate_declared(checked_in_at=Subquery(used_at))

    def annotate_declared(self, **columns: Any) -> "ReservationQuerySet":
        """Annotate with columns that the model declares the types of."""
        return self.annotate(**columns)

    def checked_in(self, checked_in: bool = True) -> "ReservationQuerySet":
        """Those whose valid ticket has been used, or those whose ticket has not."""
        used = Exists(used_ticket(OuterRef("pk")))
        return self.filter(used if checked_in else ~used)

    def newest_per_event(self) -> "ReservationQuerySet":
        """Without those that the same person replaced by a later one at the same event."""
        later = Reservation.objects.filter(
            person=OuterRef("person"), event=OuterRef("event"), pk__gt=OuterRef("pk")
        ).order_by()
        return self.filter(~Exists(later))


def used_ticket(reservation: Any) -> "TicketQuerySet":
    """The valid ticket of this reservation, if it has been used. `reservation`: an OuterRef."""
    from tickets.models.tickets import Ticket  # which has a foreign key to Reservation

    valid = Ticket.objects.valid().filter(reservation=reservation)
    return valid.filter(checked_in_at__isnull=False).order_by()


class Reservation(FoldedModel):
    """A guest's claim on a seat of one event."""

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

    # The whole state machine: a move that is not listed cannot happen. The moves back to pending
    # are the undo of a decision.
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
    # When it was changed last, its check-in included. Every write sets it: `save`, and `update` of
    # the queryset.
    updated = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True, editable=False)
    # NULL on a decided one: decided by automatic admission, not by a person.
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
        # For processes of an older version, which run beside the new ones during an update.
        db_default="",
        default="",
        editable=False,
    )
    # The organizer's message to a guest who was rejected.
    message = ComposedTextField(_("message"), max_length=1000, blank=True)
    # The organizers' note about this guest, who never reads it.
    note = ComposedTextField(_("note"), max_length=1000, blank=True)
    note_folded = FoldedField(source="note")
    # The key of the form: a form that is sent twice reserves once.
    key = models.CharField(max_length=36, blank=True, editable=False)

    # The position in the queue, None if it is not pending. Set by `with_position` and the services.
    position: int | None
    # Whether its valid ticket has been used. Set by `with_entry`.
    inside: bool
    # When its valid ticket was used, None if it was not. Set by `with_check_in`.
    checked_in_at: datetime | None

    objects = ReservationQuerySet.as_manager()

    class Meta:
        verbose_name = _("reservation")
        verbose_name_plural = _("reservations")
        ordering = ["created", "id"]
        indexes = [
            models.Index(fields=["event", "status", "created", "id"], name="reservation_queue"),
            # With the status, so that lists without cancelled ones are read from the index too.
            models.Index(
                fields=["event", "created", "id", "status"], name="reservation_list_of_event"
            ),
            models.Index(
                fields=["person", "-created", "-id", "status"], name="reservation_list_of_person"
            ),
            # For the newest at all the events of an organizer, without reading the older ones.
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
        """In how many seconds the mail about a person's decision leaves; 0 if there is none."""
        if self.decided_by_id is None or self.decided_at is None:
            return 0
        delay = timedelta(seconds=settings.MAIL_DECISION_DELAY_SECONDS)
        return max(0, ceil((self.decided_at + delay - timezone.now()).total_seconds()))

    @property
    def decision_was_mailed(self) -> bool:
        """Whether the mail about a person's decision has left."""
        by_person = self.decided_by_id is not None and self.decided_at is not None
        return by_person and not self.undo_seconds_left

    @property
    def state(self) -> str:
        """The status as pages show it; after the event's cancellation `had-confirmed` or so."""
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
        """Whether its guest may cancel it: it is active, and the event is not over."""
        return self.is_active and not self.event.is_past

    def can_move_to(self, status: str) -> bool:
        return status in self.MOVES[self.status]
