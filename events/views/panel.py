"""The organizer's panel: their events, the editor, the live page."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from events import services
from events.models import DoorStaff
from events.permissions import managed_events


@require_safe
@login_required
def event_list(request: HttpRequest) -> HttpResponse:
    return render(request, "events/panel.html", {"events": managed_events(request.user).select_related("organizer"), "here": "events"})


@login_required
def new(request: HttpRequest) -> HttpResponse:
    return redirect("events:panel")


@require_safe
@login_required
def live(request: HttpRequest, pk: int) -> HttpResponse:
    event = get_object_or_404(managed_events(request.user), pk=pk)
    return render(request, "events/live.html", {"event": event, "here": "live"})


@login_required
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    event = get_object_or_404(managed_events(request.user), pk=pk)
    return redirect("events:live", event.pk)


@require_POST
@login_required
def publish(request: HttpRequest, pk: int) -> HttpResponse:
    event = get_object_or_404(managed_events(request.user), pk=pk)
    services.publish(event, by=request.user)
    return redirect("events:live", event.pk)


@require_POST
@login_required
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    event = get_object_or_404(managed_events(request.user), pk=pk)
    services.cancel(event, by=request.user, message=request.POST.get("message", ""))
    return redirect("events:live", event.pk)


@require_POST
@login_required
def add_door_staff(request: HttpRequest, pk: int) -> HttpResponse:
    event = get_object_or_404(managed_events(request.user), pk=pk)
    services.add_door_staff(event, email=request.POST.get("email", ""), by=request.user)
    return redirect("events:live", event.pk)


@require_POST
@login_required
def remove_door_staff(request: HttpRequest, pk: int) -> HttpResponse:
    staff = get_object_or_404(DoorStaff.objects.filter(event__in=managed_events(request.user)).select_related("event"), pk=pk)
    services.remove_door_staff(staff, by=request.user)
    return redirect("events:live", staff.event_id)
