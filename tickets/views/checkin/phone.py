"""What the script of the check-in page asks for, and what lets the page open without network.

A phone says who it is with its key, in a header that no other site can send: its readings arrive even when the session they were made in is over.
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
# In one request; and so many requests a minute of one phone, of which a busy one needs some thirty.
MOST_READINGS, MOST_REQUESTS = 100, 120
STATUS_OF = {"unknown_device": 401, "too_many_attempts": 429}
# What the script of the last release calls the outcomes: a page that is open meanwhile still has it.
# Can go with the next release, and `result` with it.
OLD_WORDS = {"admitted": "ok", "already_used": "used", "refused": "invalid", "undone": "back"}


# --- The phone --------------------------------------------------------------------------------------------------------


@require_POST
@checkin_access_required
def device(request: CheckInRequest, pk: int) -> HttpResponse:
    """The phone introduces itself: its key, which is shown this once."""
    event = get_object_or_404(checkin_events(request.actor), pk=pk)
    known = request.actor.device
    if known is None or known.event_id != event.pk or not may_check_in_now(known):
        known = devices.register(event, person=request.actor.person)
        remember(request, known)
    if known.has_ended:  # the event was over long ago
        return gone()
    return JsonResponse({"key": devices.new_key(known)})


def fetch_device(request: HttpRequest, event: int) -> Device:
    """Return the device that the request's key belongs to, as long as the key lives.

    The session is not read. Answers are in the language of the device's person, if it has one.
    Refused: unknown_device, too_many_attempts.
    """
    found = Device.objects.with_key(request.headers.get("X-Door-Key", ""))
    device = found.select_related("event", "gate", "person").filter(event=event).first()
    if device is None or device.key_dies_at <= timezone.now():
        raise Refused("unknown_device", _("We don’t know this phone. Load the page again."))
    if not rate_counter.is_within(f"device:{device.pk}", MOST_REQUESTS, seconds=60):
        raise Refused("too_many_attempts", _("This phone asks too often. Wait a minute."), wait=60)
    if device.person:
        get_request_context().person_id = device.person.pk
        activate_language(request, device.person.language)
    return device


def for_phones(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Answers a refusal as the script of the page reads it. The key of the phone opened it: no cache keeps it."""

    @wraps(view)
    @cache_control(private=True, no_store=True)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Refused as refusal:
            logger.info("refused: %s", refusal.code)
            answer = JsonResponse(
                envelope(refusal.code, refusal.message), status=STATUS_OF.get(refusal.code, 400)
            )
            if refusal.wait:
                answer["Retry-After"] = str(refusal.wait)
            return answer

    return answered


def gone() -> HttpResponse:
    return JsonResponse(envelope("no_longer_allowed", no_longer_allowed().message), status=403)


@csrf_exempt
@require_POST
@for_phones
def readings(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer what a device read, one answer a reading; no reading at all is a sign of life.

    Takes `{"readings": [{nonce, code, at, let_in} or {nonce, undo: true}, …], "waiting": 3,
    "ready": true}`, in the order in which they happened. `let_in`: the device has admitted the
    guest already. `leaving: true` is the last that a device says: its person logs out.
    Answers `{"answers": […], "now": …, "allowed": …}`.
    """
    device = fetch_device(request, pk)
    sent = parsed(request.body)
    answers = [answer_to(device, form) for form in sent["readings"]]
    devices.note_contact(device, sent=len(answers), waiting=sent["waiting"], ready=sent["ready"])
    if sent["leaving"]:
        devices.log_out(device)
    allowed = not sent["leaving"] and is_still_allowed(device, answers)
    return JsonResponse({"answers": answers, "now": timezone.now(), "allowed": allowed})


def is_still_allowed(device: Device, answers: list[dict[str, Any]]) -> bool:
    """Whether the device may check in now. A ticket that counted a moment ago has proved it."""
    if any(answer["outcome"] in {"admitted", "already_used"} for answer in answers):
        return not device.has_ended
    return may_check_in_now(device)


def parsed(body: bytes) -> dict[str, Any]:
    """What the phone says, each reading checked. Refused: bad_reading, if that can't be understood."""
    try:
        said = json.loads(body)
        forms = [ScanForm(dict(reading)) for reading in said["readings"]]
        waiting = int(said.get("waiting", 0))
        understood = (
            len(forms) <= MOST_READINGS and waiting >= 0 and all(form.is_valid() for form in forms)
        )
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        understood = False
    if not understood:
        raise Refused("bad_reading", _("This reading is not complete. Load the page again."))
    return {
        "readings": forms,
        "waiting": waiting,
        **{flag: said.get(flag) is True for flag in ("ready", "leaving")},
    }


def answer_to(device: Device, form: ScanForm) -> dict[str, Any]:
    """The answer to one reading.

    `outcome`: admitted, already_used, refused, or undone. `kept`: whether the organizer sees it.
    Who the guest is, is told to devices that may check in now.
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
    return {"nonce": nonce, "outcome": outcome, "result": OLD_WORDS[outcome]}


def facts_of(ticket: Ticket) -> dict[str, Any]:
    return {
        "guest": str(ticket.reservation.person),
        "code": ticket.code,
        "entered": entered(ticket),
        "by": ticket.admitted_by,
    }


def undo(device: Device, nonce: str) -> dict[str, Any]:
    try:
        undoing.undo_scan(device, nonce)
    except Refused as refusal:
        facts = {"message": refusal.message, "reason": refusal.code}
        return answer(nonce, CheckInOutcome.REFUSED.code) | facts
    return answer(nonce, "undone")


@require_safe
@for_phones
def guest_list(request: HttpRequest, pk: int) -> HttpResponse:
    """What has changed since then on the list for a door without network, page by page.

    `next` is where to go on, if there is more; `valid` how many may come in: the list holds tickets that are no longer valid too.
    """
    phone = fetch_device(request, pk)
    if not may_check_in_now(phone):
        return gone()
    at = timezone.now()
    after = request.GET.get("after", "")
    since = scan_times.read(request.GET.get("since", ""))
    if since and not scan_times.FIRST <= since <= at + scan_times.AHEAD:
        raise Refused("bad_time", _("The list can’t be asked for since that time."))
    found = offline_list.changed_tickets(
        phone.event,
        since=since,
        after=int(after) if after.isascii() and after.isdigit() and len(after) < 19 else 0,
    )
    more = found[-1].pk if len(found) == offline_list.PER_PAGE else None
    entries = [offline_list.seal(ticket) for ticket in found]
    return JsonResponse(
        {"at": at, "entries": entries, "next": more, "valid": phone.event.confirmed_count}
    )


# --- The installed page -----------------------------------------------------------------------------------------------


@require_safe
@cache_control(no_cache=True)
def worker(request: HttpRequest, pk: int) -> HttpResponse:
    """The program that opens the page without network, for this event's check-in and nothing else."""
    return HttpResponse(WORKER, content_type="text/javascript; charset=utf-8")


@require_safe
@checkin_access_required
def manifest(request: CheckInRequest, pk: int) -> HttpResponse:
    """What a phone needs to keep the page as an app (W3C Web Application Manifest)."""
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
    """A code that we signed and that opens no door, because no event has the number 0: for the phone to try itself on."""
    get_object_or_404(checkin_events(request.actor), pk=pk)
    code = signature.qr_text(Ticket(event_id=0, reservation_id=0, serial="0" * 16))
    return HttpResponse(qr.png(code), content_type="image/png")
