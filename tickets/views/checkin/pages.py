"""The pages of check-in: scan or type a code, search by name, check in, undo.

For people and devices that may check in at the event; for others each page is a 404.
"""

import base64
import json
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.csp import CSP
from django.utils.translation import gettext as _
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.decorators import PersonRequest, organizer_required
from eventflow.core.errors import Refused
from eventflow.core.headers import allow_camera
from eventflow.core.text_direction import isolated
from events.models import Event
from events.permissions import managed_events
from tickets.checkin import admission, devices, lookup
from tickets.checkin import search as service
from tickets.checkin import undo as undoing
from tickets.checkin.access import CheckInActor, checkin_events, checkin_reservations
from tickets.models import CheckInOutcome, Reservation, Ticket
from tickets.templatetags.arrivals import parts
from tickets.ticket import signing_keys
from tickets.views.checkin.access import CheckInRequest, checkin_access_required

# The code reader for browsers without one is a WebAssembly module.
WITH_READER = settings.SECURE_CSP | {"script-src": [CSP.SELF, CSP.WASM_UNSAFE_EVAL]}


@require_http_methods(["GET", "HEAD", "POST"])
@csp_override(WITH_READER)
@allow_camera
@checkin_access_required
def check_in(request: CheckInRequest, pk: int) -> HttpResponse:
    """The page with the scanner. A POST shows whose ticket a typed code is, and changes nothing."""
    event = get_object_or_404(checkin_events(request.actor), pk=pk)
    if request.method != "POST":
        return render(request, "tickets/check_in.html", page_context(request, event, "code"))
    try:
        ticket = lookup.find(event, request.POST.get("code", ""), by=request.actor.person)
    except Refused as refusal:
        return render_result(request, event, CheckInOutcome.REFUSED, refusal=refusal)
    outcome = CheckInOutcome.ALREADY_USED if ticket.is_used else None
    return render_result(request, event, outcome, ticket=ticket)


@require_http_methods(["GET", "HEAD", "POST"])
@csp_override(WITH_READER)
@allow_camera
@checkin_access_required
def ready(request: CheckInRequest, pk: int) -> HttpResponse:
    """The page that tests whether this phone is ready for check-in. A POST chooses its gate."""
    event = get_object_or_404(checkin_events(request.actor), pk=pk)
    device, gates = request.actor.device, event.gates.filter(revoked_at=None)
    own = device if device and device.event_id == event.pk and device.person_id else None
    if request.method == "POST" and own:
        gate = gates.filter(pk=as_number(request.POST.get("gate", ""))).first()
        devices.assign_gate(own, gate)
        words = _("This phone stands at no gate.")
        if gate:
            words = _("This phone stands at %(gate)s.") % {"gate": isolated(gate)}
        messages.success(request, words)
        return redirect("tickets:ready", event.pk)
    context = page_context(request, event, "ready") | {"mine": own, "gates": gates}
    return render(request, "tickets/check_in_ready.html", context)


def as_number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


@require_safe
@checkin_access_required
@vary_on_headers("HX-Request")
def search(request: CheckInRequest, pk: int) -> HttpResponse:
    """Guests of this event by the beginning of a name, an address or a code."""
    event = get_object_or_404(checkin_events(request.actor), pk=pk)
    query, actor = request.GET.get("q", ""), request.actor
    context = page_context(request, event, "search")
    tickets = service.search(event, query, actor=actor)
    found = [(ticket, context["manages"] or actor.admitted(ticket)) for ticket in tickets]
    context |= {
        "query": query,
        "found_guests": found,
        "most": service.MOST_HITS,
        "shows_codes": not actor.came_by_link,
    }
    part = "#found_guests" if request.htmx else ""
    return render(request, f"tickets/check_in_search.html{part}", context)


@require_POST
@checkin_access_required
def admit(request: CheckInRequest, pk: int) -> HttpResponse:
    """Admit the guest of a reservation that was found by its code or by the search."""
    reservation = fetch_reservation(request, pk)
    # Fetched by the actor's right. The device gives its name only: it may have ended.
    actor = CheckInActor(request.actor.user, scanner=request.actor.name)
    verdict = admission.check_in(reservation.event_id, reservation, actor=actor)
    ticket, reason = verdict.ticket, verdict.reason
    event = ticket.event if ticket else reservation.event
    return render_result(request, event, verdict.outcome, ticket=ticket, refusal=reason)


@require_POST
@checkin_access_required
def undo(request: CheckInRequest, pk: int) -> HttpResponse:
    """Undo a check-in; without `sure` in the form, ask first.

    A ticket that works again may admit a second guest.
    """
    reservation = fetch_reservation(request, pk)
    try:
        if "sure" not in request.POST:
            ticket = undoing.used_ticket(reservation, actor=request.actor)
            return render_result(request, ticket.event, ticket=ticket, asks_undo=True)
        ticket = undoing.undo_check_in(reservation, actor=request.actor)
    except Refused as refusal:
        return render_result(request, reservation.event, CheckInOutcome.REFUSED, refusal=refusal)
    return render_result(request, ticket.event, ticket=ticket, undone=True)


@require_safe
@organizer_required
def arrivals(request: PersonRequest, pk: int) -> HttpResponse:
    """The chart of the live page as it is now; without htmx, a redirect to that page."""
    event = get_object_or_404(managed_events(request.user), pk=pk)
    if not request.htmx:
        return redirect("events:live", event.pk)
    return render(request, "tickets/_arrivals.html", parts(event))


def fetch_reservation(request: CheckInRequest, reservation: int) -> Reservation:
    return get_object_or_404(checkin_reservations(request.actor), pk=reservation)


def render_result(
    request: CheckInRequest,
    event: Event,
    outcome: CheckInOutcome | None = None,
    *,
    ticket: Ticket | None = None,
    asks_undo: bool = False,
    **facts: Any,
) -> HttpResponse:
    """Render what is known of one ticket, on the whole screen: for htmx that part alone.

    `outcome`: of a check-in. Without one the page asks whether to check the guest in or, with
    `asks_undo`, whether to undo the check-in. `facts`: the `refusal`, and whether it was `undone`.
    """
    part = "#result" if request.htmx else ""
    # The next guest is looked for in the same way as this one.
    here = "search" if request.POST.get("from") == "search" else "code"
    next_page = "tickets:door_search" if here == "search" else "tickets:check_in"
    question = "ask" if asks_undo else "found"
    context = page_context(request, event, here) | facts
    context |= {
        "result": outcome.code if outcome else question,
        "outcome": outcome,
        "asks_undo": asks_undo,
        "ticket": ticket,
        "next": reverse(next_page, args=[event.pk]),
    }
    status = 409 if outcome == CheckInOutcome.REFUSED else 200
    return render(request, f"tickets/check_in.html{part}", context, status=status)


def page_context(request: CheckInRequest, event: Event, here: str) -> dict[str, Any]:
    """Return what every page of check-in shows, around its own part."""
    device = request.actor.device
    return {
        "event": event,
        "Outcome": CheckInOutcome,
        "gate": device.gate if device and device.event_id == event.pk else None,
        # Searching needs the server, so that its page checks no signatures.
        "keys": "{}" if here == "search" else public_keys_in_json(),
        "here": here,
        "manages": managed_events(request.user).filter(pk=event.pk).exists(),
    }


def public_keys_in_json() -> str:
    """Return the public keys in base64 by their numbers, with which a device checks signatures."""
    keys = signing_keys.public_keys()
    return json.dumps({number: base64.b64encode(key).decode() for number, key in keys.items()})
