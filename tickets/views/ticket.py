"""The ticket in its owner's hands: the page, the PDF, the code. To everybody else there is no such ticket."""

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
    # By the key itself: a number too large for any key is then nobody's, where a relation would raise on SQLite.
    return get_object_or_404(tickets, reservation__pk=reservation)


@require_safe
@login_required
@vary_on_headers("HX-Request")
def ticket(request: PersonRequest, pk: int) -> HttpResponse:
    """The valid ticket of one's own confirmed reservation, before and after it was used. The open page asks for its state alone."""
    try:
        ticket = own_ticket(request, pk)
    except Http404:
        if request.htmx:
            return HttpResponseClientRedirect(
                reverse("tickets:mine")
            )  # where it says what became of the seat
        raise
    event = ticket.event
    context = {
        "ticket": ticket,
        "reservation": ticket.reservation,
        "event": event,
        "can_cancel": not ticket.is_used and not event.is_past,
    }
    return render(
        request, "tickets/ticket.html#state" if request.htmx else "tickets/ticket.html", context
    )


@require_safe
@login_required
def ticket_pdf(request: PersonRequest, pk: int) -> HttpResponse:
    ticket = own_ticket(request, pk)
    headers = {"Content-Disposition": f'attachment; filename="{pdf.file_name(ticket)}"'}
    return HttpResponse(pdf.render(ticket), content_type="application/pdf", headers=headers)


@require_safe
@login_required
def ticket_qr(request: PersonRequest, pk: int) -> HttpResponse:
    return HttpResponse(
        qr.svg(signature.qr_text(own_ticket(request, pk))), content_type="image/svg+xml"
    )
