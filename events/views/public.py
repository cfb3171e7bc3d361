"""What everybody sees: the list of events and one event."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from events.models import Event
from events.permissions import visible_events


@require_safe
def event_list(request: HttpRequest) -> HttpResponse:
    """The published events to come, soonest first."""
    events = Event.objects.public().upcoming().select_related("organizer")
    return render(request, "events/list.html", {"events": events[:50]})


@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One event; a draft only for those who manage it."""
    event = get_object_or_404(visible_events(request.user).select_related("organizer"), pk=pk)
    return render(request, "events/detail.html", {"event": event})


@require_safe
def calendar(request: HttpRequest, pk: int) -> HttpResponse:
    """The event as a calendar file."""
    from events.calendar import event_calendar

    event = get_object_or_404(visible_events(request.user).select_related("organizer"), pk=pk)
    return HttpResponse(event_calendar(event), content_type="text/calendar; charset=utf-8")
