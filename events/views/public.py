"""What everybody sees: the list of events and one event."""

from collections.abc import Iterable
from datetime import date
from itertools import groupby

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from events.calendar import event_calendar
from events.forms import EventFilters
from events.models import Event
from events.permissions import Visitor, managed_events, visible_events

PER_PAGE = 20


@require_safe
@vary_on_headers("HX-Request")
def event_list(request: HttpRequest) -> HttpResponse:
    """The published events by day; htmx gets the results alone, or the next page of them."""
    filters = EventFilters(request.GET)
    page = Paginator(filters.events().select_related("organizer"), PER_PAGE).get_page(request.GET.get("page"))
    past = bool(filters.chosen("past"))
    say_own_state(page.object_list, request.user)
    context = {"filters": filters, "page": page, "days": by_day(page.object_list, past=past), "past": past}
    return render(request, f"events/list.html{fragment(request, page.number)}", context)


@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One event; a draft only for those who manage it."""
    event = get_object_or_404(visible_events(request.user).select_related("organizer"), pk=pk)
    manages = managed_events(request.user).filter(pk=event.pk).exists()
    return render(request, "events/detail.html", {"event": event, "manages": manages})


@require_safe
def calendar(request: HttpRequest, pk: int) -> HttpResponse:
    """The event as a file that calendars open."""
    event = get_object_or_404(visible_events(request.user).select_related("organizer"), pk=pk)
    headers = {"Content-Disposition": f'attachment; filename="event-{event.pk}.ics"'}
    return HttpResponse(event_calendar(event), content_type="text/calendar; charset=utf-8", headers=headers)


def fragment(request: HttpRequest, page: int) -> str:
    """Which part of the page htmx asks for. Going back in history needs all of it."""
    if not request.htmx or request.htmx.history_restore_request:
        return ""
    return "#results" if request.htmx.target == "results" or page == 1 else "#later"


def by_day(events: Iterable[Event], *, past: bool) -> list[tuple[date, list[Event]]]:
    """The events under the days on which they start where they happen; what already runs stands under today."""
    days = sorted(((shown_day(event, past=past), event) for event in events), key=lambda pair: (pair[0], pair[1].start_time), reverse=past)
    return [(day, [event for _day, event in group]) for day, group in groupby(days, key=lambda pair: pair[0])]


def shown_day(event: Event, *, past: bool) -> date:
    start = event.local_start.date()
    return start if past else max(start, timezone.localdate(timezone=event.zone))


def say_own_state(events: Iterable[Event], person: Visitor) -> None:
    """Give each event `mine`, the status of the person's live reservation for it, or None."""
    states = {}
    if person.is_authenticated:
        states = dict(person.reservations.live().filter(event__in=[event.pk for event in events]).values_list("event_id", "status"))
    for event in events:
        event.mine = states.get(event.pk)
