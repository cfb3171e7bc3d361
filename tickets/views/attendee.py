"""What somebody does with their own reservation."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from events.permissions import visible_events
from tickets.permissions import own_reservations
from tickets.services import queue


@require_POST
@login_required
def reserve(request: HttpRequest, pk: int) -> HttpResponse:
    event = get_object_or_404(visible_events(request.user), pk=pk)
    queue.reserve(event, person=request.user)
    return redirect(event)


@require_safe
def card(request: HttpRequest, pk: int) -> HttpResponse:
    event = get_object_or_404(visible_events(request.user), pk=pk)
    return redirect(event)


@require_safe
@login_required
def mine(request: HttpRequest) -> HttpResponse:
    return render(request, "tickets/mine.html", {"reservations": own_reservations(request.user)})


@require_POST
@login_required
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    reservation = get_object_or_404(own_reservations(request.user), pk=pk)
    queue.cancel(reservation, by=request.user)
    return redirect(reservation.event)
