"""The pages of a guest's own reservations: reserve, see the position, cancel."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import PersonRequest, VisitorRequest, login_required
from eventflow.core.errors import Refused
from events.models import Event
from events.permissions import visible_events
from tickets.models import Reservation
from tickets.permissions import own_reservations
from tickets.queue import registration
from tickets.queue.card import card_of
from tickets.ticket import links

PER_PAGE = 20
LONGEST_KEY = 36


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def reserve(request: PersonRequest, pk: int) -> HttpResponse:
    """Reserve. A GET, after a log-in on the way, leads to the event's page."""
    visible = visible_events(request.user)
    if request.method != "POST":
        return redirect(get_object_or_404(visible, pk=pk))
    key = request.POST.get("key", "")[:LONGEST_KEY]
    try:
        reservation = registration.reserve(pk, person=request.user, key=key, among=visible)
    except Event.DoesNotExist as unknown:
        raise Http404 from unknown
    except Refused as refusal:
        return respond(request, get_object_or_404(visible, pk=pk), refusal)
    event = reservation.event
    if not reservation.is_active:
        gone = _("You sent this form before, and gave that place back since. Reserve once more.")
        return respond(request, event, Refused("already_gone", gone))
    if reservation.is_confirmed:
        return respond(request, event, _("Reserved. Your ticket is ready."))
    return respond(request, event, _("Reserved. You are in the queue."))


@require_safe
def card(request: VisitorRequest, pk: int) -> HttpResponse:
    """The reserve card as it is now; 204 when the page shows the same."""
    event = get_object_or_404(visible_events(request.user), pk=pk)
    if not request.htmx:
        return redirect(event)
    now = card_of(event, request.user)
    seen = request.GET.get("seen", "")
    if seen == now.stamp:
        return HttpResponse(status=204)
    # A dialog that is open over the card stays open while only the position changes.
    part = "#card" if seen.rpartition("-")[0] == now.state else ""
    return render(request, f"tickets/_reserve_card.html{part}", {"card": now})


@require_safe
@login_required
def mine(request: PersonRequest) -> HttpResponse:
    """The person's reservations: of coming events, soonest first, or of past ones, newest first."""
    now = timezone.now()
    newest = own_reservations(request.user).newest_per_event()
    ahead, behind = Q(event__end_time__gt=now), Q(event__end_time__lte=now)
    counts = newest.aggregate(upcoming=Count("pk", filter=ahead), past=Count("pk", filter=behind))
    past = request.GET.get("show") == "past"
    shown = newest.filter(ahead).order_by("event__start_time", "pk")
    if past:
        shown = newest.filter(behind).order_by("-event__start_time", "-pk")
    page = Paginator(shown.with_position().with_entry(), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "tickets/mine.html", {"page": page, "counts": counts, "past": past})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def cancel(request: PersonRequest, pk: int) -> HttpResponse:
    """Cancel a reservation. A GET asks whether to, for pages without a script."""
    reservation = get_object_or_404(own_reservations(request.user), pk=pk)
    event, back = reservation.event, back_address(request, reservation)
    if request.method != "POST":
        context = {"reservation": reservation, "event": event, "back": back}
        return render(request, "tickets/cancel.html", context)
    was_pending = reservation.is_pending
    try:
        reservation = registration.cancel(reservation, by=request.user)
    except Refused as refusal:
        event.refresh_from_db()
        return respond(request, event, refusal, back=back)
    words = _("You left the queue.") if was_pending else _("Your reservation is cancelled.")
    return respond(request, reservation.event, words, back=back)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: VisitorRequest, token: str) -> HttpResponse:
    """The page of the link in mails, which cancels a reservation without a log-in.

    Opening it changes nothing, because mail scanners open every link; its button does.
    """
    reservation = links.reservation_from_token(token)
    if reservation is None:
        raise Http404
    refusal = None
    if request.method == "POST":
        try:
            reservation = registration.cancel(reservation, by=reservation.person)
        except Refused as reason:
            refusal = reason
    context = {
        "reservation": reservation,
        "event": reservation.event,
        "refusal": refusal,
        "done": request.method == "POST" and not refusal,
    }
    return render(request, "tickets/cancel_by_link.html", context, status=409 if refusal else 200)


def respond(
    request: PersonRequest, event: Event, outcome: Refused | str, *, back: str = ""
) -> HttpResponse:
    """Answer a form: for htmx the card as it is now, with a toast; else redirect with a message.

    `back`: where to redirect; without it to the event's page.
    """
    refusal = outcome if isinstance(outcome, Refused) else None
    if not refusal:
        messages.success(request, str(outcome))
    if request.htmx:
        context = {"card": card_of(event, request.user, refusal), "focus": True, "toasts": True}
        status = 409 if refusal else 200
        return render(request, "tickets/_reserve_card.html", context, status=status)
    if refusal:
        messages.error(request, refusal.message)
    return redirect(back or event.get_absolute_url())


def back_address(request: PersonRequest, reservation: Reservation) -> str:
    """Return the page of ours that the form asked to return to, else the event's page."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(
        wanted, {request.get_host()}, require_https=request.is_secure()
    )
    # Only a path: another text would be taken for the name of a view.
    return wanted if is_ours and wanted.startswith("/") else reservation.event.get_absolute_url()
