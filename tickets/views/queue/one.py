"""The organizer's decisions about one reservation: confirm, reject, undo, note."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import retarget

from accounts.decorators import PersonRequest, organizer_required
from eventflow.core.errors import Refused
from eventflow.core.form_drafts import keeps_draft
from eventflow.core.text_direction import isolated
from tickets.forms import NoteForm, QueueFilters, RejectForm
from tickets.models import Reservation
from tickets.permissions import managed_reservations
from tickets.queue import decisions
from tickets.views.queue.table import (
    Row,
    filter_fields,
    keeps_queue_draft,
    queue_address,
    redirect_to_queue,
    render_table,
    valid_rejection,
)


@require_POST
@organizer_required
@keeps_queue_draft
def confirm(request: PersonRequest, pk: int) -> HttpResponse:
    """Confirm one reservation."""
    return decide(request, pk, decisions.confirm, _("%(name)s is confirmed."))


@require_http_methods(["GET", "HEAD", "POST"])
@organizer_required
@keeps_queue_draft
def reject(request: PersonRequest, pk: int) -> HttpResponse:
    """Reject one reservation, or take its seat back.

    A GET asks for the message: the form alone for htmx's dialog, else a page.
    """
    if request.method != "POST":
        reservation = get_object_or_404(managed_reservations(request.user), pk=pk)
        part = "#form" if request.htmx else ""
        context = reject_context(request, reservation)
        return render(request, f"tickets/reject.html{part}", context)

    def reject_with_message(reservation: Reservation, *, by: Any) -> Reservation:
        form = valid_rejection(request)
        return decisions.reject(reservation, by=by, message=form["message"], seen=form["seen"])

    took_seat = request.POST.get("seen") == Reservation.Status.CONFIRMED
    words = _("%(name)s no longer has a spot.") if took_seat else _("%(name)s is rejected.")
    return decide(request, pk, reject_with_message, words, stays=True)


def reject_context(request: PersonRequest, reservation: Reservation) -> dict[str, Any]:
    """Return the context of the question before one reservation is rejected."""
    return {
        "form": RejectForm(initial={"seen": reservation.status}, auto_id="id_one_%s"),
        "reservation": reservation,
        "event": reservation.event,
        "action": reverse("tickets:reject", args=[reservation.pk]),
        "takes_seats": reservation.is_confirmed,
        "sent_again": filter_fields(request.GET),
        "back": queue_address(request.GET, reservation.event),
        "here": "queue",
    }


@require_POST
@organizer_required
@keeps_queue_draft
def undo(request: PersonRequest, pk: int) -> HttpResponse:
    """Undo a decision until its mail leaves; with `told` in the address, also after that."""
    decision = partial(decisions.undo, before_mail="told" not in request.GET)
    return decide(request, pk, decision, _("%(name)s is waiting again, at the old place."))


def decide(
    request: PersonRequest,
    pk: int,
    decision: Callable[..., Reservation],
    words: str,
    *,
    stays: bool = False,
) -> HttpResponse:
    """Make a decision about one reservation, and answer with the row or the table as it is now.

    `words`: the message, with the guest's name. `stays`: the row stays in the table with its Undo.
    """
    reservation = get_object_or_404(managed_reservations(request.user), pk=pk)
    refusal, undo_url = None, ""
    try:
        if decision(reservation, by=request.user).undo_seconds_left:
            undo_url = reverse("tickets:undo", args=[pk])
    except Refused as reason:
        refusal = reason
    message = refusal.message if refusal else words % {"name": isolated(reservation.person)}
    if not request.htmx:
        event, is_done = reservation.event, refusal is None
        return redirect_to_queue(request, event, message, is_done=is_done, undo=undo_url)
    if request.htmx.target == "queue":
        return render_table(
            request,
            reservation.event_id,
            message,
            {pk: refusal} if refusal and stays else {},
            undoable=[pk] if undo_url and stays else [],
            one=pk if stays else None,
            status=409 if refusal else 200,
        )
    return render_row(request, pk, message, refusal, settled=not refusal)


def render_row(
    request: PersonRequest,
    pk: int,
    message: str,
    refusal: Refused | None = None,
    *,
    settled: bool = False,
) -> HttpResponse:
    """Render the row as it is now, the event's numbers, and a toast with the message.

    `settled`: the row was decided just now, and the toast offers to undo it.
    """
    found = managed_reservations(request.user).with_position().with_entry()
    reservation = get_object_or_404(found, pk=pk)
    filters = QueueFilters(request.POST, event=reservation.event)
    context = {
        "row": Row(reservation, refusal, settled),
        "event": reservation.event,
        "filters": filters,
        "counts": filters.states(),
        "toast": "" if refusal else message,
    }
    return render(request, "tickets/queue.html#decided", context, status=409 if refusal else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@organizer_required
@keeps_draft(NoteForm)
def note(request: PersonRequest, pk: int) -> HttpResponse:
    """Edit the organizers' note about a guest: the form alone for htmx's dialog, else a page."""
    reservation = get_object_or_404(managed_reservations(request.user), pk=pk)
    sent = request.POST if request.method == "POST" else None
    form = NoteForm(sent, initial={"note": reservation.note})
    if not form.is_valid():
        return render_note_form(request, reservation, form)
    decisions.note(reservation, form.cleaned_data["note"], by=request.user)
    if request.htmx:
        return render_row(request, pk, _("The note is saved."))
    messages.success(request, _("The note is saved."))
    state = {"state": reservation.status_at_cancellation or reservation.status}
    address = reverse("tickets:queue", args=[reservation.event_id], query=state)
    return redirect(f"{address}#reservation-{pk}")


def render_note_form(
    request: PersonRequest, reservation: Reservation, form: NoteForm
) -> HttpResponse:
    event = reservation.event
    context = {"form": form, "reservation": reservation, "event": event, "here": "queue"}
    part, status = "#form" if request.htmx else "", 422 if form.is_bound else 200
    answer = render(request, f"tickets/note.html{part}", context, status=status)
    return retarget(answer, "#note-form") if request.htmx else answer
