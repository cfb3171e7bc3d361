"""The ticket of a confirmed reservation: its code, whether it is valid, and its check-in."""

import base64
import secrets
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from eventflow.core.fields import ComposedCharField
from events.models import Event
from tickets.models.reservations import Reservation


def new_serial() -> str:
    """64 random bits as 16 hexadecimal digits: unguessable, and small enough for the QR code."""
    return secrets.token_hex(8)


def code_of(serial: str) -> str:
    """Return the short code of a ticket, for reading aloud, as `7K4M-2QXD`.

    It is the first 40 bits of the serial in Crockford's base 32.
    """
    alphabet, crockford = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    letters = base64.b32encode(bytes.fromhex(serial)[:5])
    text = letters.translate(bytes.maketrans(alphabet, crockford)).decode()
    return f"{text[:4]}-{text[4:]}"


class TicketQuerySet(models.QuerySet["Ticket"]):
    """Tickets by whether they are valid. `change` is the only way to update them."""

    def valid(self) -> "TicketQuerySet":
        return self.filter(void_at=None)

    def void_after_mail(self) -> "TicketQuerySet":
        """Void tickets whose mail had left before: their guests believe that they have a seat."""
        delay = timedelta(seconds=settings.MAIL_DECISION_DELAY_SECONDS)
        return self.filter(void_at__gte=F("issued_at") + delay)

    def with_known_scan(self, event: Event, nonce: str) -> "TicketQuerySet":
        """Each with `known_scan`: the id of the event's scan of this nonce, whatever its ticket."""
        known = event.scans.filter(nonce=nonce).order_by().values("pk")
        return self.annotate(known_scan=Subquery(known))

    def change(self, **fields: Any) -> int:
        """Update these tickets. Returns how many there were.

        Sets `changed` of the tickets, by which devices refresh their offline list, and `updated` of
        their reservations. The caller holds the lock of their event.
        """
        # The reservations first: after the update the filter may match other tickets.
        Reservation.objects.filter(pk__in=self.order_by().values("reservation")).update()
        return self.update(changed=timezone.now(), **fields)


class Ticket(models.Model):
    """The ticket of a confirmed reservation, which admits one guest once.

    It is void as soon as the reservation is no longer confirmed.
    """

    reservation = models.ForeignKey(Reservation, models.CASCADE, related_name="tickets")
    event = models.ForeignKey(Event, models.CASCADE, related_name="tickets")
    serial = models.CharField(max_length=16, unique=True, editable=False)
    # Derived from the serial and stored, because check-in searches by it.
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
    # When it was issued, used, made unused or void: devices ask for what has changed since.
    changed = models.DateTimeField(default=timezone.now, editable=False)

    # Set by `with_known_scan`.
    known_scan: int | None = None

    objects = TicketQuerySet.as_manager()

    class Meta:
        verbose_name = _("ticket")
        verbose_name_plural = _("tickets")
        indexes = [
            # Also for the first characters, whatever the collation of the database is.
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
        """Return a new ticket for a confirmed reservation, not yet saved."""
        serial, event_id = new_serial(), reservation.event_id
        return cls(reservation=reservation, event_id=event_id, serial=serial, code=code_of(serial))

    @property
    def is_used(self) -> bool:
        return self.checked_in_at is not None

    @property
    def is_void(self) -> bool:
        return self.void_at is not None

    @property
    def admitted_by(self) -> str:
        """The device that admitted the guest, and its person: `Gate 2, Tomasz Lis`.

        A device that is named after its person is named alone.
        """
        device, person = self.checked_in_device, str(self.checked_in_by or "")
        return device if person and person in device else ", ".join(filter(None, [device, person]))
