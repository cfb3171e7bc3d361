"""A guest's own ticket: its page, PDF and QR code. For other people each is a 404."""

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import HttpResponseClientRedirect

from accounts.decorators import PersonRequest, login_required
from tickets.models import Ticket
from tickets.permissions import own_tickets
from tickets.ticket import pdf, qr, signature


def own_ticket(request: PersonRequest, reservation: int) -> Ticket:
    tickets = own_tickets(request.user).select_related("event__organizer", "reservation__person")
    # By `__pk`: for a number that is too large for a key a relation would raise on SQLite.
    return get_object_or_404(tickets, reservation__pk=reservation)


@require_safe
@login_required
@vary_on_headers("HX-Request")
def ticket(request: PersonRequest, pk: int) -> HttpResponse:
    """The valid ticket of one's own reservation. htmx gets its state alone, as it is now."""
    try:
        ticket = own_ticket(request, pk)
    except Http404:
        if request.htmx:  # the list of reservations says what happened to the seat
            return HttpResponseClientRedirect(reverse("tickets:mine"))
        raise
    event = ticket.event
    context = {
        "ticket": ticket,
        "reservation": ticket.reservation,
        "event": event,
        "can_cancel": not ticket.is_used and not event.is_past,
    }
    part = "#state" if request.htmx else ""
    return render(request, f"tickets/ticket.html{part}", context)


@require_safe
@login_required
def ticket_pdf(request: PersonRequest, pk: int) -> HttpResponse:
    """The ticket as a PDF, to download."""
    ticket = own_ticket(request, pk)
    headers = {"Content-Disposition": f'attachment; filename="{pdf.file_name(ticket)}"'}
    return HttpResponse(pdf.render(ticket), content_type="application/pdf", headers=headers)


@require_safe
@login_required
def ticket_qr(request: PersonRequest, pk: int) -> HttpResponse:
    """The ticket's QR code as SVG."""
    picture = qr.svg(signature.qr_text(own_ticket(request, pk)))
    return HttpResponse(picture, content_type="image/svg+xml")
