"""The organizer's panel: their events, the editor, the live page with its door staff."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, NamedTuple

from allauth.core import ratelimit
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Case, Count, F, Q, When
from django.db.models.functions import TruncDate
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from accounts.decorators import PersonRequest, organizer_required
from accounts.models import User
from eventflow.core.errors import Refused
from eventflow.core.form_drafts import keeps_draft
from eventflow.core.text_direction import isolated
from events import services
from events.forms import CancelEventForm, DoorStaffForm, EventForm
from events.models import DoorStaff, Event, EventQuerySet
from events.permissions import managed_events

PER_PAGE = 20
SPARK_DAYS = 14

get_or_post = require_http_methods(["GET", "HEAD", "POST"])


# --- The list ---------------------------------------------------------------------------------------------------------


@require_safe
@organizer_required
def event_list(request: PersonRequest) -> HttpResponse:
    """The person's events, an Admin's everybody's: what is to come soonest first, then what is over."""
    events = managed_events(request.user)
    tabs = tabs_now()
    asked = request.GET.get("show", "")
    show = asked if asked in tabs else "all"
    counts = events.aggregate(**{name: Count("pk", filter=which) for name, which in tabs.items()})
    page = Paginator(
        in_panel_order(events.filter(tabs[show])).select_related("organizer"), PER_PAGE
    ).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": panel_rows(page.object_list),
        "tabs": [(name, counts[name]) for name in tabs],
        "show": show,
        "here": "events",
    }
    return render(request, "events/panel.html", context)


def tabs_now() -> dict[str, Q]:
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
    to_come = Q(end_time__gt=timezone.now())
    return events.order_by(
        Case(When(to_come, then=0), default=1),
        Case(When(to_come, then=F("start_time"))),
        "-start_time",
        "-pk",
    )


class PanelRow(NamedTuple):
    """An event, its reservations on each of the last days, oldest first, and how many had a spot when it was cancelled."""

    event: Event
    sign_ups: list[int]
    had_spot: int


def panel_rows(events: Iterable[Event]) -> list[PanelRow]:
    """The rows of the list. One query for all sign-ups, one more where there are cancelled events."""
    events = list(events)
    sign_ups, had_spot = (
        sign_ups_of(events),
        had_spot_at([event for event in events if event.is_cancelled]),
    )
    return [PanelRow(event, sign_ups[event.pk], had_spot.get(event.pk, 0)) for event in events]


def had_spot_at(cancelled: list[Event]) -> dict[int, int]:
    """How many guests had a spot at each of these events when it was cancelled, by the event's id."""
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
    """The reservations of each of the last days, oldest first, by the event's id."""
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


# --- The editor -------------------------------------------------------------------------------------------------------


@get_or_post
@organizer_required
@keeps_draft(EventForm, beside=["action"])
def new(request: PersonRequest) -> HttpResponse:
    """Start an event, as a draft or published at once."""
    if request.method != "POST":
        return editor(request, EventForm(initial={"contact_email": request.user.email}), None)
    return saved(request, EventForm(request.POST), None)


@get_or_post
@organizer_required
@keeps_draft(EventForm, beside=["action"])
def edit(request: PersonRequest, pk: int) -> HttpResponse:
    """Change what an event says."""
    event = get_object_or_404(managed_events(request.user), pk=pk)
    if request.method != "POST":
        return editor(request, EventForm(instance=event), event)
    return saved(request, EventForm(request.POST, instance=event), event)


def saved(request: PersonRequest, form: EventForm, event: Event | None) -> HttpResponse:
    """Create or change the event from the form, and publish it when asked to; else the form again, with what is wrong."""
    publish = request.POST.get("action") == "publish"
    # An editor that was opened while the event was a draft still says "Publish".
    opens = publish and not (event and event.is_published)
    before = {name: getattr(event, name) for name in services.MOVES_GUESTS} if event else {}
    try:
        kept = form.is_valid() and keep(
            event, by=request.user, publish=publish, **form.cleaned_data
        )
    except Refused as refusal:
        form.refuse(refusal)
        kept = None
    if kept:
        words = _("Published. People can reserve now.")
        messages.success(request, words if opens else what_was_saved(kept, before))
        return away(request, redirect("events:live" if opens else "events:edit", kept.pk).url)
    return editor(request, form, event)


def what_was_saved(event: Event, before: dict[str, Any]) -> str:
    """For the toast: also how many guests get a mail, where an open event is at another time or place than before."""
    told = event.guest_count
    if (
        not told
        or not event.is_published
        or all(getattr(event, name) == was for name, was in before.items())
    ):
        return _("Saved.")
    words = ngettext(
        "Saved. %(count)d guest gets a mail about the change.",
        "Saved. %(count)d guests get a mail about the change.",
        told,
    )
    return words % {"count": told}


def editor(request: PersonRequest, form: EventForm, event: Event | None) -> HttpResponse:
    part = "#form" if request.htmx else ""
    context = {"form": form, "event": event, "cancel_form": CancelEventForm(), "here": "events"}
    return render(
        request,
        f"events/edit.html{part}",
        context,
        status=422 if form.errors or form.asks_about_move else 200,
    )


def keep(
    event: Event | None,
    *,
    by: User,
    publish: bool,
    confirm_past: bool,
    confirm_move: bool,
    **fields: Any,
) -> Event:
    """The one service that the pressed button asks for."""
    confirmed = {"confirm_past": confirm_past, "confirm_move": confirm_move}
    if publish:
        return services.save_and_publish(event, by=by, **confirmed, **fields)
    if event is None:
        return services.create(by=by, **fields)
    return services.edit(event, by=by, **confirmed, **fields)


def away(request: PersonRequest, url: str) -> HttpResponse:
    return HttpResponseClientRedirect(url) if request.htmx else redirect(url)


@require_POST
@organizer_required
def publish(request: PersonRequest, pk: int) -> HttpResponse:
    """Open the event to the public."""
    event = get_object_or_404(managed_events(request.user), pk=pk)
    try:
        services.publish(event, by=request.user)
    except Refused as refusal:
        messages.error(request, refusal.message)
        return away(request, redirect("events:edit", event.pk).url)
    messages.success(request, _("Published. People can reserve now."))
    return away(request, redirect("events:live", event.pk).url)


@require_POST
@organizer_required
def duplicate(request: PersonRequest, pk: int) -> HttpResponse:
    """Offer the event again: a draft that says the same, to look at and publish."""
    copy = services.duplicate(
        get_object_or_404(managed_events(request.user), pk=pk), by=request.user
    )
    messages.success(request, _("This is a copy, as a draft. Check its dates, then publish it."))
    return redirect("events:edit", copy.pk)


@get_or_post
@organizer_required
@keeps_draft(CancelEventForm)
def cancel(request: PersonRequest, pk: int) -> HttpResponse:
    """Call the event off. A GET asks first, where no dialog did."""
    event = get_object_or_404(managed_events(request.user), pk=pk)
    form = CancelEventForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(
            request,
            "events/cancel.html",
            {"event": event, "cancel_form": form, "here": "events"},
            status=status,
        )
    services.cancel(event, by=request.user, message=form.cleaned_data["message"])
    messages.success(
        request, _("The event is cancelled. Everybody who had a place gets an e-mail.")
    )
    return redirect("events:live", event.pk)


# --- The live page and its door staff ---------------------------------------------------------------------------------


@require_safe
@organizer_required
def live(request: PersonRequest, pk: int) -> HttpResponse:
    """The event's numbers as they change, and who stands at its door."""
    event = get_object_or_404(managed_events(request.user), pk=pk)
    return live_page(request, event, DoorStaffForm())


@require_POST
@organizer_required
@keeps_draft(DoorStaffForm)
def add_door_staff(request: PersonRequest, pk: int) -> HttpResponse:
    """Let somebody check tickets in at this event."""
    event = get_object_or_404(managed_events(request.user), pk=pk)
    form = DoorStaffForm(request.POST)
    if not form.is_valid():
        return live_page(request, event, form)
    if not ratelimit.consume(request, action="invite_door_staff"):
        raise Refused(
            "too_many_attempts", _("Too many attempts. Wait a few minutes and try again.")
        )
    staff = services.add_door_staff(event, email=form.cleaned_data["email"], by=request.user)
    # One sentence, whether or not somebody has an account with this address.
    messages.success(request, _("%(name)s is invited.") % {"name": isolated(staff.name)})
    return redirect("events:live", event.pk)


@require_POST
@organizer_required
def remove_door_staff(request: PersonRequest, pk: int) -> HttpResponse:
    """Take that right away."""
    found = DoorStaff.objects.filter(event__in=managed_events(request.user)).select_related(
        "event", "person"
    )
    staff = get_object_or_404(found, pk=pk)
    services.remove_door_staff(staff, by=request.user)
    messages.success(
        request, _("%(name)s is no longer door staff.") % {"name": isolated(staff.name)}
    )
    return redirect("events:live", staff.event_id)


def live_page(request: PersonRequest, event: Event, staff_form: DoorStaffForm) -> HttpResponse:
    staff = event.doorstaff_set.select_related("person").order_by("added", "pk")
    context = {
        "event": event,
        "staff": staff,
        "staff_form": staff_form,
        "cancel_form": CancelEventForm(),
        "here": "live",
    }
    return render(request, "events/live.html", context, status=422 if staff_form.errors else 200)
