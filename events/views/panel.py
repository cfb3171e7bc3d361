"""The organizer's list of events."""

from collections.abc import Iterable
from datetime import timedelta
from typing import NamedTuple

from django.core.paginator import Paginator
from django.db.models import Case, Count, F, Q, When
from django.db.models.functions import TruncDate
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.decorators import PersonRequest, organizer_required
from events.models import Event, EventQuerySet
from events.permissions import managed_events

PER_PAGE = 20
SPARK_DAYS = 14


@require_safe
@organizer_required
def event_list(request: PersonRequest) -> HttpResponse:
    """The events that the person manages: upcoming ones soonest first, then past ones."""
    events = managed_events(request.user)
    tabs = tab_filters()
    show = request.GET.get("show", "")
    show = show if show in tabs else "all"
    counts = events.aggregate(**{name: Count("pk", filter=which) for name, which in tabs.items()})
    shown = in_panel_order(events.filter(tabs[show])).select_related("organizer")
    page = Paginator(shown, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": panel_rows(page.object_list),
        "tabs": [(name, counts[name]) for name in tabs],
        "show": show,
        "here": "events",
    }
    return render(request, "events/panel.html", context)


def tab_filters() -> dict[str, Q]:
    """{tab: the condition of its events}, at this moment."""
    over = Q(end_time__lte=timezone.now())
    published = Q(status=Event.Status.PUBLISHED)
    return {
        "all": Q(pk__isnull=False),
        "published": published & ~over,
        "drafts": Q(status=Event.Status.DRAFT),
        "past": published & over,
        "cancelled": Q(status=Event.Status.CANCELLED),
    }


def in_panel_order(events: EventQuerySet) -> EventQuerySet:
    upcoming = Q(end_time__gt=timezone.now())
    return events.order_by(
        Case(When(upcoming, then=0), default=1),
        Case(When(upcoming, then=F("start_time"))),
        "-start_time",
        "-pk",
    )


class PanelRow(NamedTuple):
    """A row of the list.

    `sign_ups`: the reservations of each of the last days, oldest first. `had_spot`: how many guests
    were confirmed when the event was cancelled.
    """

    event: Event
    sign_ups: list[int]
    had_spot: int


def panel_rows(events: Iterable[Event]) -> list[PanelRow]:
    """The rows of the list: one query for all sign-ups, one more if an event is cancelled."""
    events = list(events)
    sign_ups = sign_ups_of(events)
    had_spot = confirmed_at_cancellation([event for event in events if event.is_cancelled])
    return [PanelRow(event, sign_ups[event.pk], had_spot.get(event.pk, 0)) for event in events]


def confirmed_at_cancellation(cancelled: list[Event]) -> dict[int, int]:
    """{event id: how many guests were confirmed when the event was cancelled}."""
    if not cancelled:
        return {}
    held = Count("reservations", filter=Q(reservations__status_at_cancellation="confirmed"))
    return dict(
        Event.objects.filter(pk__in=[event.pk for event in cancelled])
        .annotate(held=held)
        .values_list("pk", "held")
        .order_by()
    )


def sign_ups_of(events: list[Event]) -> dict[int, list[int]]:
    """{event id: the reservations of each of the last days, oldest first}."""
    today = timezone.localdate()
    since = timezone.now() - timedelta(days=SPARK_DAYS)
    made = Event.objects.filter(
        pk__in=[event.pk for event in events], reservations__created__gte=since
    ).order_by()
    counts = made.values_list("pk", TruncDate("reservations__created")).annotate(
        Count("reservations")
    )
    by_day = {(pk, day): count for pk, day, count in counts}
    days = [today - timedelta(days=ago) for ago in reversed(range(SPARK_DAYS))]
    return {event.pk: [by_day.get((event.pk, day), 0) for day in days] for event in events}
