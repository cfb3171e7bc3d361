"""The door: type or paste a code or search by name, see who it is, let them in, take it back.

For those who stand at this event's door; to everybody else there is no such page. Every answer fills the phone.
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
from tickets.checkin import admission, codes, devices
from tickets.checkin import search as service
from tickets.checkin import undo as undoing
from tickets.checkin.access import CheckInActor, checkin_events, checkin_reservations
from tickets.models import CheckInOutcome, Reservation, Ticket
from tickets.templatetags.arrivals import parts
from tickets.ticket import signature
from tickets.views.checkin.access import CheckInRequest, checkin_access_required

# The reader of codes, for phones that have none of their own, is a WebAssembly module.
WITH_READER = settings.SECURE_CSP | {"script-src": [CSP.SELF, CSP.WASM_UNSAFE_EVAL]}


@require_http_methods(["GET", "HEAD", "POST"])
@csp_override(WITH_READER)
@allow_camera
@checkin_access_required
def check_in(request: CheckInRequest, pk: int) -> HttpResponse:
    """The field for a code; and, for a code that was entered, whose ticket it is. Nobody is let in yet."""
    event = get_object_or_404(checkin_events(request.actor), pk=pk)
    if request.method != "POST":
        return render(request, "tickets/check_in.html", page_context(request, event, "code"))
    try:
        ticket = codes.find(event, request.POST.get("code", ""), by=request.actor.person)
    except Refused as refusal:
        return render_result(request, event, CheckInOutcome.REFUSED, refusal=refusal)
    outcome = CheckInOutcome.ALREADY_USED if ticket.is_used else None
    return render_result(request, event, outcome, ticket=ticket)


@require_http_methods(["GET", "HEAD", "POST"])
@csp_override(WITH_READER)
@allow_camera
@checkin_access_required
def ready(request: CheckInRequest, pk: int) -> HttpResponse:
    """Is this phone ready for the doors? The page tries what it will need; a POST says at which gate it stands."""
    event = get_object_or_404(checkin_events(request.actor), pk=pk)
    device = request.actor.device
    mine = device if device and device.event_id == event.pk and device.person_id else None
    if request.method == "POST" and mine:
        gate = event.gates.filter(
            revoked_at=None, pk=as_number(request.POST.get("gate", ""))
        ).first()
        devices.assign_gate(mine, gate)
        at = (
            _("This phone stands at %(gate)s.") % {"gate": isolated(gate)}
            if gate
            else _("This phone stands at no gate.")
        )
        messages.success(request, at)
        return redirect("tickets:ready", event.pk)
    return render(
        request,
        "tickets/check_in_ready.html",
        page_context(request, event, "ready")
        | {"mine": mine, "gates": event.gates.filter(revoked_at=None)},
    )


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
    context |= {
        "query": query,
        "found_guests": [
            (ticket, context["manages"] or actor.admitted(ticket)) for ticket in tickets
        ],
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
    # Fetched by the actor's right, whatever became of the device, which is but a name here.
    actor = CheckInActor(request.actor.user, scanner=request.actor.name)
    verdict = admission.check_in(reservation.event_id, reservation, actor=actor)
    event = verdict.ticket.event if verdict.ticket else reservation.event
    return render_result(
        request, event, verdict.outcome, ticket=verdict.ticket, refusal=verdict.reason
    )


@require_POST
@checkin_access_required
def undo(request: CheckInRequest, pk: int) -> HttpResponse:
    """Undo a check-in, once the actor is sure: a ticket that works again may admit a second guest."""
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
    """The chart of the live page as it is now; people who open its address see that page."""
    event = get_object_or_404(managed_events(request.user), pk=pk)
    return (
        render(request, "tickets/_arrivals.html", parts(event))
        if request.htmx
        else redirect("events:live", event.pk)
    )


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
    """What is known of one ticket, on the whole screen: for htmx that part alone.

    `outcome`: of a check-in. Without one the page asks whether to check the guest in or, with
    `asks_undo`, whether to undo the check-in. `facts`: the `refusal`, and whether it was `undone`.
    """
    template = "tickets/check_in.html#result" if request.htmx else "tickets/check_in.html"
    # The next guest is looked for where this one was found.
    here = "search" if request.POST.get("from") == "search" else "code"
    next_page = reverse(
        "tickets:door_search" if here == "search" else "tickets:check_in", args=[event.pk]
    )
    question = "ask" if asks_undo else "found"
    context = page_context(request, event, here) | facts
    context |= {
        "result": outcome.code if outcome else question,
        "outcome": outcome,
        "asks_undo": asks_undo,
        "ticket": ticket,
        "next": next_page,
    }
    status = 409 if outcome == CheckInOutcome.REFUSED else 200
    return render(request, template, context, status=status)


def page_context(request: CheckInRequest, event: Event, here: str) -> dict[str, Any]:
    """What stands around every page of the door."""
    device = request.actor.device
    return {
        "event": event,
        "Outcome": CheckInOutcome,
        "gate": device.gate if device and device.event_id == event.pk else None,
        # What the phone tells a forgery by. Searching needs the server anyway.
        "keys": "{}"
        if here == "search"
        else json.dumps(
            {
                number: base64.b64encode(key).decode()
                for number, key in signature.public_keys().items()
            }
        ),
        "here": here,
        "manages": managed_events(request.user).filter(pk=event.pk).exists(),
    }
