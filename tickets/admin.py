"""Reservations, tickets and signing keys in Django's admin, read-only."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from eventflow.core.admin_lists import FoldedSearchAdmin, ReadOnlyAdmin
from tickets.models import Reservation, SigningKey, Ticket


@admin.register(Reservation)
class ReservationAdmin(FoldedSearchAdmin, ReadOnlyAdmin):
    list_display = ["id", "event", "person", "status", "created", "decided_at"]
    list_filter = ["status"]
    search_fields = [
        "event__title_folded",
        "person__email",
        "person__first_name_folded",
        "person__last_name_folded",
    ]
    list_select_related = ["event", "person"]
    show_full_result_count = False
    fields = [
        "person",
        "event",
        "status",
        "status_at_cancellation",
        "created",
        "decided_at",
        "decided_by",
        "message",
    ]


@admin.register(Ticket)
class TicketAdmin(FoldedSearchAdmin, ReadOnlyAdmin):
    """Without the serial, from which the ticket's code could be made."""

    list_display = ["id", "code", "event", "guest", "issued_at", "void_at", "checked_in_at"]
    search_fields = ["code", "event__title_folded", "reservation__person__email"]
    list_select_related = ["event", "reservation__person"]
    show_full_result_count = False
    fields = [
        "code",
        "event",
        "reservation",
        "issued_at",
        "void_at",
        "checked_in_at",
        "checked_in_by",
        "checked_in_device",
    ]

    @admin.display(description=_("guest"), ordering="reservation__person__last_name")
    def guest(self, ticket: Ticket) -> str:
        return str(ticket.reservation.person)


@admin.register(SigningKey)
class SigningKeyAdmin(ReadOnlyAdmin):
    """Which keys there are, and where the private half of each is stored; never the half itself."""

    list_display = ["id", "created", "kept_here", "public_half"]
    fields = ["id", "created", "kept_here", "public_half"]

    @admin.display(description=_("private half kept in the database"), boolean=True)
    def kept_here(self, key: SigningKey) -> bool:
        return bool(key.private)

    @admin.display(description=_("public half"))
    def public_half(self, key: SigningKey) -> str:
        return bytes(key.public).hex()
