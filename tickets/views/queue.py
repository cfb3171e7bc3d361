"""The organizer's queue of one event."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from events.permissions import managed_events
from tickets.permissions import managed_reservations
from tickets.services import queue as service


@require_safe
@login_required
def queue(request: HttpRequest, pk: int) -> HttpResponse:
    event = get_object_or_404(managed_events(request.user), pk=pk)
    return render(request, "tickets/queue.html", {"event": event, "reservations": event.reservations.select_related("person")[:50], "here": "queue"})


@require_POST
@login_required
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    reservation = service.confirm(get_object_or_404(managed_reservations(request.user), pk=pk), by=request.user)
    return redirect("tickets:queue", reservation.event_id)


@require_POST
@login_required
def reject(request: HttpRequest, pk: int) -> HttpResponse:
    reservation = service.reject(get_object_or_404(managed_reservations(request.user), pk=pk), by=request.user)
    return redirect("tickets:queue", reservation.event_id)


@require_POST
@login_required
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    reservation = service.undo(get_object_or_404(managed_reservations(request.user), pk=pk), by=request.user)
    return redirect("tickets:queue", reservation.event_id)


@require_POST
@login_required
def confirm_many(request: HttpRequest, pk: int) -> HttpResponse:
    event = get_object_or_404(managed_events(request.user), pk=pk)
    service.confirm_many(event, [int(r) for r in request.POST.getlist("r") if r.isdecimal()], by=request.user)
    return redirect("tickets:queue", event.pk)


@require_POST
@login_required
def reject_many(request: HttpRequest, pk: int) -> HttpResponse:
    event = get_object_or_404(managed_events(request.user), pk=pk)
    service.reject_many(event, [int(r) for r in request.POST.getlist("r") if r.isdecimal()], by=request.user)
    return redirect("tickets:queue", event.pk)
