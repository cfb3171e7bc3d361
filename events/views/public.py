"""The public pages: the list of events, one event, its calendar file."""

from collections.abc import Iterable
from datetime import date
from itertools import groupby

from django.core.paginator import Paginator
from django.db.models import Model
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.decorators import VisitorRequest
from events import event_page
from events.calendar import event_calendar
from events.forms.filters import EventFilters
from events.models import Event
from events.page_cache import PageCache, is_cacheable
from events.permissions import Visitor, door_staff_events, managed_events, visible_events

PER_PAGE = 20
# An event, and the status of the person's own reservation there.
Row = tuple[Event, Model | None]


@require_safe
@vary_on_headers("HX-Request")
def event_list(request: VisitorRequest) -> HttpResponse:
    """The public events by day; htmx gets the results alone, or the next page of them."""
    filters = EventFilters(request.GET)
    found = Paginator(filters.events().select_related("organizer"), PER_PAGE)
    page = found.get_page(request.GET.get("page"))
    past = bool(filters.chosen("past"))
    days = by_day(with_own_reservation(page.object_list, request.user), past=past)
    context = {"filters": filters, "page": page, "days": days, "past": past}
    return render(request, f"events/list.html{fragment(request, page.number)}", context)


@require_safe
def detail(request: VisitorRequest, pk: int) -> HttpResponse:
    """One event; a draft only for those who manage it."""
    if is_cacheable(request) and (page := page_cache.respond(request, pk)):
        return page
    event = get_object_or_404(visible_events(request.user).select_related("organizer"), pk=pk)
    manages = managed_events(request.user).filter(pk=event.pk).exists()
    helps = not manages and door_staff_events(request.user).filter(pk=event.pk).exists()
    context = event_page.context(event, manages=manages, helps=helps)
    return render(request, "events/detail.html", context)


# The pages that this process has rendered for readers without a session.
page_cache = PageCache(event_page.render_anonymous)


@require_safe
def calendar(request: VisitorRequest, pk: int) -> HttpResponse:
    """The event as a file that calendars open."""
    event = get_object_or_404(visible_events(request.user).select_related("organizer"), pk=pk)
    headers = {"Content-Disposition": f'attachment; filename="event-{event.pk}.ics"'}
    return HttpResponse(
        event_calendar(event), content_type="text/calendar; charset=utf-8", headers=headers
    )


def fragment(request: VisitorRequest, page: int) -> str:
    """The part of the page that htmx asks for; empty for the whole page, as history needs it."""
    if not request.htmx or request.htmx.history_restore_request:
        return ""
    return "#results" if request.htmx.target == "results" or page == 1 else "#later"


def by_day(rows: Iterable[Row], *, past: bool) -> list[tuple[date, list[Row]]]:
    """The rows by the day on which their event starts, in its zone; a running one is today's."""
    days = sorted(
        ((shown_day(row[0], past=past), row) for row in rows),
        key=lambda pair: (pair[0], pair[1][0].start_time),
        reverse=past,
    )
    return [
        (day, [row for _day, row in group])
        for day, group in groupby(days, key=lambda pair: pair[0])
    ]


def shown_day(event: Event, *, past: bool) -> date:
    start = event.local_start.date()
    return start if past else max(start, timezone.localdate(timezone=event.zone))


def with_own_reservation(events: Iterable[Event], person: Visitor) -> list[Row]:
    """Each event with the person's active reservation, or None. One query at most."""
    events, own = list(events), {}
    if person.is_authenticated:
        active = person.reservations.active().filter(event__in=[event.pk for event in events])
        own = {one.event_id: one for one in active.only("event_id", "status")}
    return [(event, own.get(event.pk)) for event in events]
