"""The organizer's live page of an event, with its door staff."""

from allauth.core import ratelimit
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.decorators import PersonRequest, organizer_required
from eventflow.core.errors import Refused
from eventflow.core.form_drafts import keeps_draft
from eventflow.core.text_direction import isolated
from events import services
from events.forms.panel import CancelEventForm, DoorStaffForm
from events.models import DoorStaff, Event
from events.permissions import managed_events


@require_safe
@organizer_required
def live(request: PersonRequest, pk: int) -> HttpResponse:
    """The event's live metrics and its door staff."""
    event = get_object_or_404(managed_events(request.user), pk=pk)
    return render_live_page(request, event, DoorStaffForm())


@require_POST
@organizer_required
@keeps_draft(DoorStaffForm)
def add_door_staff(request: PersonRequest, pk: int) -> HttpResponse:
    """Let a person check tickets in at this event."""
    event = get_object_or_404(managed_events(request.user), pk=pk)
    form = DoorStaffForm(request.POST)
    if not form.is_valid():
        return render_live_page(request, event, form)
    if not ratelimit.consume(request, action="invite_door_staff"):
        message = _("Too many attempts. Wait a few minutes and try again.")
        raise Refused("too_many_attempts", message)
    staff = services.add_door_staff(event, email=form.cleaned_data["email"], by=request.user)
    # The same message, whether or not an account has this address.
    messages.success(request, _("%(name)s is invited.") % {"name": isolated(staff.name)})
    return redirect("events:live", event.pk)


@require_POST
@organizer_required
def remove_door_staff(request: PersonRequest, pk: int) -> HttpResponse:
    """Take the right to check in away."""
    managed = DoorStaff.objects.filter(event__in=managed_events(request.user))
    staff = get_object_or_404(managed.select_related("event", "person"), pk=pk)
    services.remove_door_staff(staff, by=request.user)
    message = _("%(name)s is no longer door staff.")
    messages.success(request, message % {"name": isolated(staff.name)})
    return redirect("events:live", staff.event_id)


def render_live_page(
    request: PersonRequest, event: Event, staff_form: DoorStaffForm
) -> HttpResponse:
    staff = event.doorstaff_set.select_related("person").order_by("added", "pk")
    context = {
        "event": event,
        "staff": staff,
        "staff_form": staff_form,
        "cancel_form": CancelEventForm(),
        "here": "live",
    }
    return render(request, "events/live.html", context, status=422 if staff_form.errors else 200)
