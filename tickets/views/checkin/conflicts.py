"""The organizer's page of conflicts: tickets that were admitted twice, or while not valid."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.decorators import PersonRequest, organizer_required
from events.permissions import managed_events
from tickets.checkin import scans
from tickets.models import Scan
from tickets.permissions import managed_scans

PER_PAGE = 50


@require_safe
@organizer_required
def conflicts(request: PersonRequest, pk: int) -> HttpResponse:
    """The open conflicts, or the settled ones, by the time of the scan."""
    event = get_object_or_404(managed_events(request.user), pk=pk)
    of_ticket = ["ticket__checked_in_by", "ticket__event", "ticket__reservation__person"]
    found = event.scans.conflicts().select_related("by", "settled_by", *of_ticket)
    settled = request.GET.get("show") == "settled"
    shown = found.exclude(settled_at=None) if settled else found.open()
    counts = {
        "open": event.scans.conflicts().open().count(),
        "all": event.scans.conflicts().count(),
    }
    in_order = shown.order_by("settled_at", "at", "pk")
    page = Paginator(in_order, PER_PAGE).get_page(request.GET.get("page"))
    context = {"event": event, "page": page, "counts": counts, "settled": settled, "here": "live"}
    return render(request, "tickets/conflicts.html", context)


@require_POST
@organizer_required
def settle(request: PersonRequest, pk: int) -> HttpResponse:
    """Move a conflict from the open ones to the settled ones."""
    scan = fetch_scan(request, pk)
    scans.settle(scan, by=request.user)
    messages.success(request, _("Settled. You find it among the settled ones."))
    return redirect("tickets:conflicts", scan.event_id)


@require_POST
@organizer_required
def unsettle(request: PersonRequest, pk: int) -> HttpResponse:
    """Move a conflict back to the open ones."""
    scan = fetch_scan(request, pk)
    scans.unsettle(scan, by=request.user)
    messages.success(request, _("It is open again."))
    return redirect("tickets:conflicts", scan.event_id)


def fetch_scan(request: PersonRequest, pk: int) -> Scan:
    return get_object_or_404(managed_scans(request.user), pk=pk)
