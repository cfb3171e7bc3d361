"""The organizer's decisions about many reservations at once: confirm, reject, undo."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.decorators import PersonRequest, organizer_required
from eventflow.core.errors import Refused
from events.models import Event
from events.permissions import managed_events
from tickets.forms import NextForm, QueueFilters, RejectForm
from tickets.queue import bulk_decisions
from tickets.views.queue import table
from tickets.views.queue.table import (
    cleaned_or_refused,
    filter_fields,
    ids,
    keeps_queue_draft,
    queue_address,
    redirect_to_queue,
    render_table,
    ticked,
    valid_rejection,
)


@require_POST
@organizer_required
@keeps_queue_draft
def confirm_many(request: PersonRequest, pk: int) -> HttpResponse:
    """Confirm the ticked reservations, as far as the seats reach."""
    event = get_object_or_404(managed_events(request.user), pk=pk)
    try:
        done, refusals = bulk_decisions.confirm_many(event, ticked(request, event), by=request.user)
    except Refused as refusal:
        return respond_refused(request, event, refusal)
    words = ngettext("%(count)d confirmed", "%(count)d confirmed", len(done))
    return respond_done(request, event, words, done, refusals)


@require_POST
@organizer_required
@keeps_queue_draft
def confirm_next(request: PersonRequest, pk: int) -> HttpResponse:
    """Confirm as many from the head of the queue as the form says, as far as the seats reach."""
    event = get_object_or_404(managed_events(request.user), pk=pk)
    try:
        number = cleaned_or_refused(NextForm(request.POST), "bad_number")["number"]
        done, refusals = bulk_decisions.confirm_next(event, number, by=request.user)
    except Refused as refusal:
        return respond_refused(request, event, refusal)
    words = ngettext("%(count)d confirmed", "%(count)d confirmed", len(done))
    return respond_done(request, event, words, done, refusals)


@require_POST
@organizer_required
@keeps_queue_draft
def reject_many(request: PersonRequest, pk: int) -> HttpResponse:
    """Reject the ticked reservations, or take their seats back, with one message for all.

    A form without a script is asked for the message first.
    """
    event = get_object_or_404(managed_events(request.user), pk=pk)
    if not request.htmx and "asked" not in request.POST:
        return render(request, "tickets/reject.html", reject_many_context(request, event))
    try:
        chosen, filters = ticked(request, event), QueueFilters(request.POST, event=event)
        message = valid_rejection(request)["message"]
        done, refusals = bulk_decisions.reject_many(
            event, chosen, by=request.user, message=message, seen=filters.seen
        )
    except Refused as refusal:
        return respond_refused(request, event, refusal)
    if filters.takes_seats:
        words = ngettext("%(count)d spot taken back", "%(count)d spots taken back", len(done))
    else:
        words = ngettext("%(count)d rejected", "%(count)d rejected", len(done))
    return respond_done(request, event, words, done, refusals)


def reject_many_context(request: PersonRequest, event: Event) -> dict[str, Any]:
    """Return the context of the question before many reservations are rejected."""
    filters, chosen = QueueFilters(request.POST, event=event), ticked(request, event)
    ticks = {"all": ["1"]} if "all" in request.POST else {"r": [str(one) for one in chosen]}
    tick_fields = [(name, value) for name, values in ticks.items() for value in values]
    return {
        "form": RejectForm(),
        "event": event,
        "action": reverse("tickets:reject_many", args=[event.pk]),
        "count": len(chosen),
        "takes_seats": filters.takes_seats,
        "sent_again": filter_fields(request.POST) + tick_fields,
        "back": queue_address(request.POST, event, ticks),
        "here": "queue",
    }


@require_POST
@organizer_required
def undo_many(request: PersonRequest, pk: int) -> HttpResponse:
    """Undo the decisions of a bulk decision, as far as their mails have not left."""
    event = get_object_or_404(managed_events(request.user), pk=pk)
    # The toast of a page without a script has the ids in its address.
    chosen = ids(request.GET, "r") or ticked(request, event)
    done, refusals = bulk_decisions.undo_many(event, chosen, by=request.user, before_mail=True)
    words = ngettext(
        "%(count)d is waiting again, at the old place",
        "%(count)d are waiting again, at their old places",
        len(done),
    )
    return respond_done(request, event, words, [], refusals, count=len(done))


def respond_done(
    request: PersonRequest,
    event: Event,
    words: str,
    done: list[int],
    refusals: dict[int, Refused],
    *,
    count: int | None = None,
) -> HttpResponse:
    """Say how many reservations were decided, and why the others were not.

    `done`: the ids that one Undo takes back together until their mails leave. `count`: how many
    were decided, where that is not the number of `done`.
    """
    sentence = words % {"count": len(done) if count is None else count} + "."
    message = " ".join([sentence, *reasons(refusals.values())])
    undoable = done if settings.MAIL_DECISION_DELAY_SECONDS else []
    if request.htmx:
        return render_table(request, event.pk, message, refusals, undoable=undoable)
    undo = ""
    if 0 < len(undoable) <= table.PER_PAGE:
        undo = reverse("tickets:undo_many", args=[event.pk], query={"r": undoable})
    return redirect_to_queue(request, event, message, is_done=not refusals, undo=undo)


def reasons(refusals: Iterable[Refused]) -> list[str]:
    """Return a sentence for each reason: why it was not done, and to how many."""
    by_reason = Counter((refusal.code, str(refusal.message)) for refusal in refusals)
    return [reason(code, message, number) for (code, message), number in by_reason.items()]


def reason(code: str, message: str, number: int) -> str:
    if code == "event_full":
        words = ngettext(
            "No spot for the other %(count)d.", "No spots for the other %(count)d.", number
        )
        return words % {"count": number}
    words = ngettext("%(count)d not saved", "%(count)d not saved", number)
    return f"{words % {'count': number}}: {message}"


def respond_refused(request: PersonRequest, event: Event, refusal: Refused) -> HttpResponse:
    """Say why nothing was decided at all."""
    if request.htmx:
        return render_table(request, event.pk, refusal.message, {}, status=409)
    return redirect_to_queue(request, event, refusal.message, is_done=False)
