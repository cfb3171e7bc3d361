"""The organizer's page of an event's gates and devices, and the page of a gate's link."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.decorators import PersonRequest, VisitorRequest, organizer_required
from eventflow.core import rate_counter
from eventflow.core.errors import Refused
from eventflow.core.form_drafts import keeps_draft
from eventflow.core.text_direction import isolated
from events.models import Event
from events.permissions import managed_events
from tickets.checkin import devices, gates
from tickets.forms import GateForm, GateLinkForm
from tickets.permissions import managed_devices, managed_gates
from tickets.ticket import links, qr
from tickets.views.checkin.access import remember

# How many devices a minute may be registered by one gate's link.
MOST_ARRIVALS = 20


@require_http_methods(["GET", "HEAD", "POST"])
@organizer_required
@keeps_draft(GateForm)
def gates_page(request: PersonRequest, pk: int) -> HttpResponse:
    """The event's gates and devices; a POST adds a gate."""
    event = get_object_or_404(managed_events(request.user), pk=pk)
    form = GateForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            gate = gates.add_gate(event, name=form.cleaned_data["name"], by=request.user)
        except Refused as refusal:
            if not refusal.field:  # about the event, whose page has no form any more
                raise
            form.add_error(refusal.field, refusal.message)
        else:
            words = _("%(name)s added. Show this code to your helper.")
            messages.success(request, words % {"name": isolated(gate)})
            return redirect("tickets:gate", gate.pk)
    gates_shown = {"gates": event.gates.filter(revoked_at=None), "here": "doors"}
    context = {"event": event, "form": form, **gates_shown, **devices_context(event)}
    template = "tickets/doors.html#phones" if request.htmx else "tickets/doors.html"
    return render(request, template, context, status=422 if form.errors else 200)


def devices_context(event: Event) -> dict[str, Any]:
    """The devices of this event with their activity, and the scanners of the API."""
    activities, scanners = devices.activities(event)
    return {"activities": activities, "others": sorted(scanners.items())}


@require_safe
@organizer_required
def gate(request: PersonRequest, pk: int) -> HttpResponse:
    """One gate's link, to show or to print."""
    gate = get_object_or_404(managed_gates(request.user), pk=pk)
    link = links.gate_url(gate)
    context = {"gate": gate, "event": gate.event, "link": link, "here": "doors"}
    return render(request, "tickets/gate.html", context)


@require_safe
@organizer_required
def gate_qr(request: PersonRequest, pk: int) -> HttpResponse:
    """The gate's link as a QR code."""
    gate = get_object_or_404(managed_gates(request.user), pk=pk)
    return HttpResponse(qr.link(links.gate_url(gate)), content_type="image/svg+xml")


@require_POST
@organizer_required
def revoke(request: PersonRequest, pk: int) -> HttpResponse:
    """Revoke a gate's link, and end the devices that it registered."""
    gate = get_object_or_404(managed_gates(request.user), pk=pk)
    gates.revoke_gate(gate, by=request.user)
    words = _(
        "The link of %(name)s has ended, and no phone that came by it lets anybody in any more."
    )
    messages.success(request, words % {"name": isolated(gate)})
    return redirect("tickets:doors", gate.event_id)


@require_POST
@organizer_required
def end(request: PersonRequest, pk: int) -> HttpResponse:
    """End a device: it may no longer check in."""
    device = get_object_or_404(managed_devices(request.user), pk=pk)
    devices.end(device, by=request.user)
    messages.success(request, _("%(name)s no longer lets anybody in.") % {"name": isolated(device)})
    return redirect("tickets:doors", device.event_id)


@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(private=True, no_store=True)
@keeps_draft(GateLinkForm)
def gate_link(request: VisitorRequest, token: str) -> HttpResponse:
    """The page of a gate's link: a form that registers this device. Opening it changes nothing."""
    gate = links.gate_from_token(token)
    if gate is None:
        raise Http404
    context: dict[str, Any] = {"gate": gate, "event": gate.event}
    if not gate.is_open or gate.event.is_cancelled:
        return render(request, "tickets/gate_device.html", context | {"over": True}, status=410)
    form = GateLinkForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        if not rate_counter.is_within(f"gate:{gate.pk}", MOST_ARRIVALS, seconds=60):
            return render(request, "429.html", status=429)
        device = devices.register(gate.event, gate=gate, called=form.cleaned_data["called"])
        remember(request, device)
        return redirect("tickets:check_in", gate.event_id)
    status = 422 if form.errors else 200
    return render(request, "tickets/gate_device.html", context | {"form": form}, status=status)
