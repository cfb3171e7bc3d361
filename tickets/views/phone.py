"""What the script of the check-in page asks for, and what lets the page open without network.

A phone says who it is with its key, in a header that no other site can send: its readings arrive even when the session they were made in is over.
"""

import json
from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from eventflow.direction import isolated
from eventflow.errors import Refused, envelope
from tickets import qr, signature
from tickets.forms import ReadingForm
from tickets.models import Device, Scan, Ticket
from tickets.permissions import kept_events, stands_there
from tickets.services import devices, guests, scans
from tickets.templatetags.ticket_parts import entered
from tickets.views.keepers import KeeperRequest, keeper_required, remember

WORKER = (Path(__file__).parent.parent / "door_worker.js").read_text()
MOST_READINGS = 100
RESULTS = {Scan.Outcome.ADMITTED: "ok", Scan.Outcome.USED: "used", Scan.Outcome.REFUSED: "invalid"}


# --- The phone --------------------------------------------------------------------------------------------------------


@require_POST
@keeper_required
def device(request: KeeperRequest, pk: int) -> HttpResponse:
    """The phone introduces itself: its key, which is shown this once."""
    event = get_object_or_404(kept_events(request.keeper), pk=pk)
    known = request.keeper.device
    if known is None or known.event_id != event.pk or not stands_there(known):
        known = devices.arrive(event, person=request.keeper.person)
        remember(request, known)
    return JsonResponse({"key": devices.new_key(known)})


def by_key(request: HttpRequest, event: int) -> Device | None:
    found = Device.objects.with_key(request.headers.get("X-Door-Key", ""))
    return found.select_related("event", "gate", "person").filter(event=event).first()


def unknown() -> HttpResponse:
    return JsonResponse(envelope("unknown_device", _("We don’t know this phone. Load the page again.")), status=401)


@csrf_exempt
@require_POST
def readings(request: HttpRequest, pk: int) -> HttpResponse:
    """What the phone read, each answered; none at all is a sign of life.

    Takes `{"readings": [{nonce, code, at, let_in} or {nonce, undo: true}, …], "waiting": 3, "ready": true}`, in the order in which they happened.
    """
    phone = by_key(request, pk)
    if phone is None:
        return unknown()
    said = parsed(request.body)
    if said is None:
        return JsonResponse(envelope("bad_reading", _("This reading is not complete. Load the page again.")), status=400)
    answers = [answer_to(phone, form) for form in said["readings"]]
    devices.heard_from(phone, waiting=said["waiting"], ready=said["ready"])
    event = phone.event
    event.refresh_from_db()
    facts = {"inside": event.checked_in_count, "confirmed": event.confirmed_count, "now": timezone.now(), "allowed": stands_there(phone)}
    return JsonResponse({"answers": answers, **facts})


def parsed(body: bytes) -> dict[str, Any] | None:
    """What the phone says, each reading checked; None if that can't be understood."""
    try:
        said = json.loads(body)
        forms = [ReadingForm(dict(reading)) for reading in said["readings"]]
        waiting = int(said.get("waiting", 0))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    if len(forms) > MOST_READINGS or waiting < 0 or not all(form.is_valid() for form in forms):
        return None
    return {"readings": forms, "waiting": waiting, "ready": said.get("ready") is True}


def answer_to(phone: Device, form: ReadingForm) -> dict[str, Any]:
    said = form.cleaned_data
    if said["undo"]:
        return {"nonce": said["nonce"]} | taken_back(phone, said["nonce"])
    scan, refusal = devices.take_in(phone, said["code"], nonce=said["nonce"], at=parse_datetime(said["at"]), let_in=said["let_in"])
    answer = {"nonce": said["nonce"], "result": RESULTS[Scan.Outcome(scan.outcome)] if scan else "invalid"}
    if refusal:
        answer |= {"message": refusal.message, "reason": refusal.code}
    return answer | (facts_of(scan.ticket) if scan and scan.ticket and not refusal else {})


def facts_of(ticket: Ticket) -> dict[str, Any]:
    return {"guest": str(ticket.reservation.person), "code": ticket.code, "entered": entered(ticket), "by": ticket.let_in_by}


def taken_back(phone: Device, nonce: str) -> dict[str, Any]:
    try:
        scans.take_back(phone.event, nonce, by=phone.person, device=phone.name)
    except Refused as refusal:
        return {"result": "invalid", "message": refusal.message, "reason": refusal.code}
    return {"result": "back"}


@require_safe
@cache_control(no_store=True)
def guest_list(request: HttpRequest, pk: int) -> HttpResponse:
    """What has changed since then on the list for a door without network, page by page: `next` is where to go on, if there is more."""
    phone = by_key(request, pk)
    if phone is None:
        return unknown()
    if not stands_there(phone):
        return JsonResponse(envelope("no_longer_allowed", devices.no_longer_allowed().message), status=403)
    at = timezone.now()
    after = request.GET.get("after", "")
    since = parse_datetime(request.GET.get("since", ""))
    found = guests.changed(phone.event, since=since, after=int(after) if after.isascii() and after.isdigit() and len(after) < 19 else 0)
    more = found[-1].pk if len(found) == guests.PER_PAGE else None
    return JsonResponse({"at": at, "entries": [guests.sealed(ticket) for ticket in found], "next": more})


# --- The installed page -----------------------------------------------------------------------------------------------


@require_safe
@cache_control(no_cache=True)
def worker(request: HttpRequest, pk: int) -> HttpResponse:
    """The program that opens the page without network, for this event's check-in and nothing else."""
    return HttpResponse(WORKER, content_type="text/javascript; charset=utf-8")


@require_safe
@keeper_required
def manifest(request: KeeperRequest, pk: int) -> HttpResponse:
    """What a phone needs to keep the page as an app (W3C Web Application Manifest)."""
    event = get_object_or_404(kept_events(request.keeper), pk=pk)
    address = reverse("tickets:check_in", args=[event.pk])
    icon = {"src": static("img/favicon.svg"), "sizes": "any", "type": "image/svg+xml"}
    name = _("Check-in: %(title)s") % {"title": isolated(event.title)}
    facts = {"id": address, "start_url": address, "scope": address, "name": name, "short_name": event.title[:12].strip(), "icons": [icon]}
    look = {"display": "standalone", "orientation": "portrait", "background_color": "#0e1014", "theme_color": "#0e1014"}
    return HttpResponse(json.dumps(facts | look), content_type="application/manifest+json")


@require_safe
@keeper_required
def sample(request: KeeperRequest, pk: int) -> HttpResponse:
    """A code that we signed and that opens no door, because no event has the number 0: for the phone to try itself on."""
    get_object_or_404(kept_events(request.keeper), pk=pk)
    code = signature.sign(Ticket(event_id=0, reservation_id=0, serial="0" * 16))
    return HttpResponse(qr.png(code), content_type="image/png")
