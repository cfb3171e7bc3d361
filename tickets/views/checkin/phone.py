"""The requests of the check-in page's script, and what lets the page open without network.

A device is known by its key, in a header that no other site can send. So its scans are accepted
also after the session is over in which the page was opened.
"""

import json
import logging
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from accounts.middleware.language import activate_language
from eventflow.core import rate_counter
from eventflow.core.errors import Refused, envelope
from eventflow.core.text_direction import isolated
from eventflow.observability import get_request_context
from tickets import checkin
from tickets.checkin import admission, devices, offline_list, scan_times
from tickets.checkin import undo as undoing
from tickets.checkin.access import CheckInActor, checkin_events, may_check_in_now, no_longer_allowed
from tickets.forms import ScanForm
from tickets.models import CheckInOutcome, Device, Ticket
from tickets.templatetags.ticket_parts import entered
from tickets.ticket import qr, signature
from tickets.views.checkin.access import CheckInRequest, checkin_access_required, remember

logger = logging.getLogger(__name__)
WORKER = (Path(checkin.__file__).parent / "door_worker.js").read_text()
# The most scans in one request, and the most requests of a device in a minute; a busy one needs 30.
MOST_READINGS, MOST_REQUESTS = 100, 120
STATUS_OF = {"unknown_device": 401, "too_many_attempts": 429}
# The names of the outcomes in `result`, which pages read that were loaded before the last release.
# To be deleted with the next release, and `result` with it.
OLD_WORDS = {"admitted": "ok", "already_used": "used", "refused": "invalid", "undone": "back"}


@require_POST
@checkin_access_required
def device(request: CheckInRequest, pk: int) -> HttpResponse:
    """Register this device, if it is new, and answer its key, which is shown only this once."""
    event = get_object_or_404(checkin_events(request.actor), pk=pk)
    known = request.actor.device
    if known is None or known.event_id != event.pk or not may_check_in_now(known):
        known = devices.register(event, person=request.actor.person)
        remember(request, known)
    if known.has_ended:  # the event was over long ago
        return respond_ended()
    return JsonResponse({"key": devices.new_key(known)})


def fetch_device(request: HttpRequest, event: int) -> Device:
    """Return the device that the request's key belongs to, as long as the key lives.

    The session is not read. Answers are in the language of the device's person, if it has one.
    Refused: unknown_device, too_many_attempts.
    """
    found = Device.objects.with_key(request.headers.get("X-Door-Key", ""))
    device = found.select_related("event", "gate", "person").filter(event=event).first()
    if device is None or device.key_expires_at <= timezone.now():
        raise Refused("unknown_device", _("We don’t know this phone. Load the page again."))
    if not rate_counter.is_within(f"device:{device.pk}", MOST_REQUESTS, seconds=60):
        raise Refused("too_many_attempts", _("This phone asks too often. Wait a minute."), wait=60)
    if device.person:
        get_request_context().person_id = device.person.pk
        activate_language(request, device.person.language)
    return device


def for_phones(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Answer a refusal as JSON for the page's script, and let no cache store any answer."""

    @wraps(view)
    @cache_control(private=True, no_store=True)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Refused as refusal:
            logger.info("refused: %s", refusal.code)
            status = STATUS_OF.get(refusal.code, 400)
            answer = JsonResponse(envelope(refusal.code, refusal.message), status=status)
            if refusal.wait:
                answer["Retry-After"] = str(refusal.wait)
            return answer

    return answered


def respond_ended() -> HttpResponse:
    """Answer that this device may no longer check in."""
    return JsonResponse(envelope("no_longer_allowed", no_longer_allowed().message), status=403)


@csrf_exempt
@require_POST
@for_phones
def readings(request: HttpRequest, pk: int) -> HttpResponse:
    """Check in what a device read, and answer each reading; without readings, report its state.

    Takes `{"readings": [{nonce, code, at, let_in} or {nonce, undo: true}, …], "waiting": 3,
    "ready": true}`, in the order in which they happened. `let_in`: the device has admitted the
    guest already. `leaving: true` is the last request of a device whose person logs out.
    Answers `{"answers": […], "now": …, "allowed": …}`.
    """
    device = fetch_device(request, pk)
    sent = parse(request.body)
    answers = [answer_to(device, form) for form in sent["readings"]]
    devices.note_contact(device, sent=len(answers), waiting=sent["waiting"], ready=sent["ready"])
    if sent["leaving"]:
        devices.log_out(device)
    allowed = not sent["leaving"] and is_still_allowed(device, answers)
    return JsonResponse({"answers": answers, "now": timezone.now(), "allowed": allowed})


def is_still_allowed(device: Device, answers: list[dict[str, Any]]) -> bool:
    """Whether the device may check in now. A ticket that has just been admitted proves it."""
    if any(answer["outcome"] in {"admitted", "already_used"} for answer in answers):
        return not device.has_ended
    return may_check_in_now(device)


def parse(body: bytes) -> dict[str, Any]:
    """Return what the device sent, each reading as a valid form. Refused: bad_reading."""
    try:
        sent = json.loads(body)
        forms = [ScanForm(dict(reading)) for reading in sent["readings"]]
        waiting = int(sent.get("waiting", 0))
        is_valid = len(forms) <= MOST_READINGS and waiting >= 0
        is_valid = is_valid and all(form.is_valid() for form in forms)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        is_valid = False
    if not is_valid:
        raise Refused("bad_reading", _("This reading is not complete. Load the page again."))
    flags = {flag: sent.get(flag) is True for flag in ("ready", "leaving")}
    return {"readings": forms, "waiting": waiting, **flags}


def answer_to(device: Device, form: ScanForm) -> dict[str, Any]:
    """Check in one reading, and return its answer.

    `outcome`: admitted, already_used, refused, or undone. `kept`: whether the organizer sees it.
    The guest's name is sent only to devices that have not ended.
    """
    sent = form.cleaned_data
    if sent["undo"]:
        return undo(device, sent["nonce"])
    verdict = admission.check_in(
        device.event_id,
        sent["code"],
        actor=CheckInActor.of_device(device),
        at=sent["at"],
        nonce=sent["nonce"],
        admitted_offline=sent["let_in"],
    )
    facts: dict[str, Any] = {"kept": verdict.scan is not None}
    if verdict.reason:
        facts |= {"message": verdict.reason.message, "reason": verdict.reason.code}
    elif verdict.ticket and not device.has_ended:
        facts |= facts_of(verdict.ticket)
    return answer(sent["nonce"], verdict.outcome.code) | facts


def answer(nonce: str, outcome: str) -> dict[str, Any]:
    """Return the part of an answer that each has, with the outcome's name for older pages."""
    return {"nonce": nonce, "outcome": outcome, "result": OLD_WORDS[outcome]}


def facts_of(ticket: Ticket) -> dict[str, Any]:
    """Return what the device shows of a valid ticket."""
    return {
        "guest": str(ticket.reservation.person),
        "code": ticket.code,
        "entered": entered(ticket),
        "by": ticket.admitted_by,
    }


def undo(device: Device, nonce: str) -> dict[str, Any]:
    """Undo the check-in of this scan, and return its answer."""
    try:
        undoing.undo_scan(device, nonce)
    except Refused as refusal:
        facts = {"message": refusal.message, "reason": refusal.code}
        return answer(nonce, CheckInOutcome.REFUSED.code) | facts
    return answer(nonce, "undone")


@require_safe
@for_phones
def guest_list(request: HttpRequest, pk: int) -> HttpResponse:
    """A page of the offline list: what has changed `since` then, `after` the last page.

    `next`: what to send as `after` for the next page, null on the last one. `valid`: how many
    tickets are valid, because the list also has those that are void now.
    """
    device = fetch_device(request, pk)
    if not may_check_in_now(device):
        return respond_ended()
    at = timezone.now()
    since = scan_times.read(request.GET.get("since", ""))
    if since and not scan_times.FIRST <= since <= at + scan_times.AHEAD:
        raise Refused("bad_time", _("The list can’t be asked for since that time."))
    after = request.GET.get("after", "")
    last = int(after) if after.isascii() and after.isdigit() and len(after) < 19 else 0
    found = offline_list.changed_tickets(device.event, since=since, after=last)
    more = found[-1].pk if len(found) == offline_list.PER_PAGE else None
    entries = [offline_list.seal(ticket) for ticket in found]
    facts = {"at": at, "entries": entries, "next": more, "valid": device.event.confirmed_count}
    return JsonResponse(facts)


@require_safe
@cache_control(no_cache=True)
def worker(request: HttpRequest, pk: int) -> HttpResponse:
    """The service worker that opens this event's check-in page without network."""
    return HttpResponse(WORKER, content_type="text/javascript; charset=utf-8")


@require_safe
@checkin_access_required
def manifest(request: CheckInRequest, pk: int) -> HttpResponse:
    """The W3C Web Application Manifest, with which a phone installs the page as an app."""
    event = get_object_or_404(checkin_events(request.actor), pk=pk)
    address = reverse("tickets:check_in", args=[event.pk])
    icon = {"src": static("img/favicon.svg"), "sizes": "any", "type": "image/svg+xml"}
    name = _("Check-in: %(title)s") % {"title": isolated(event.title)}
    facts = {
        "id": address,
        "start_url": address,
        "scope": address,
        "name": name,
        "short_name": event.title[:12].strip(),
        "icons": [icon],
    }
    look = {
        "display": "standalone",
        "orientation": "portrait",
        "background_color": "#0e1014",
        "theme_color": "#0e1014",
    }
    return HttpResponse(json.dumps(facts | look), content_type="application/manifest+json")


@require_safe
@checkin_access_required
def sample(request: CheckInRequest, pk: int) -> HttpResponse:
    """The picture of a signed code that admits nobody, on which the phone tests itself.

    It is a code of event 0, which does not exist.
    """
    get_object_or_404(checkin_events(request.actor), pk=pk)
    code = signature.qr_text(Ticket(event_id=0, reservation_id=0, serial="0" * 16))
    return HttpResponse(qr.png(code), content_type="image/png")
