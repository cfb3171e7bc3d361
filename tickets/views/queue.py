"""The organizer's queue of one event. Every deed has two ends: for htmx the row or the table as it is now, for a plain form a message."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import retarget

from accounts.decorators import PersonRequest, organizer_required
from eventflow.core.errors import Refused
from eventflow.core.form_drafts import keeps_draft
from eventflow.core.paging import KeyPaginator
from eventflow.core.text_direction import isolated
from events.models import Event
from events.permissions import managed_events
from tickets.forms import NextForm, NoteForm, QueueFilters, RejectForm
from tickets.models import Reservation
from tickets.permissions import managed_reservations
from tickets.queue import bulk_decisions, decisions, reads

PER_PAGE = 50
# What a form of this page sends along: which part of the queue it shows, and what was ticked there.
keeps_part = keeps_draft(RejectForm, NextForm, beside=["state", "q", "page", "r", "all", "asked"])
# What fits the widest id a database gives.
MOST_DIGITS = 18


@dataclass(frozen=True)
class Row:
    """One line of the table: a reservation, and what just happened to it."""

    reservation: Reservation
    refusal: Refused | None = None
    settled: bool = False
    # Was settled here a while ago, and stays in sight with its Undo.
    kept: bool = False
    # Keeps the tick of a bulk deed that could not reach it.
    picked: bool = False


@require_safe
@vary_on_headers("HX-Request")
@organizer_required
def queue(request: PersonRequest, pk: int) -> HttpResponse:
    """Who reserved, in the order of the queue, a page at a time."""
    event = get_object_or_404(managed_events(request.user), pk=pk)
    # Who comes back from the question about many, without a script, finds the ticks as they were.
    context = listing(
        event, request.GET, kept=ids(request.GET, "kept"), picked=ids(request.GET, "r")
    )
    context["picks_all"] = "all" in request.GET
    if request.htmx and request.htmx.trigger == "queue-live":
        return render(
            request, "tickets/queue.html#table_again", context | {"swapped": True, "follows": True}
        )
    part = "#queue" if request.htmx and not request.htmx.history_restore_request else ""
    return render(request, f"tickets/queue.html{part}", context)


# --- One --------------------------------------------------------------------------------------------------------------


@require_POST
@organizer_required
@keeps_part
def confirm(request: PersonRequest, pk: int) -> HttpResponse:
    """Give one person a seat."""
    return decided(request, pk, decisions.confirm, _("%(name)s is confirmed."))


@require_http_methods(["GET", "HEAD", "POST"])
@organizer_required
@keeps_part
def reject(request: PersonRequest, pk: int) -> HttpResponse:
    """Say no to one person, or take their seat back. Asked for, the question: the form alone for htmx's dialog, else a page."""
    if request.method != "POST":
        reservation = get_object_or_404(managed_reservations(request.user), pk=pk)
        return render(
            request,
            f"tickets/reject.html{'#form' if request.htmx else ''}",
            question_about(request, reservation),
        )

    def with_message(reservation: Reservation, *, by: Any) -> Reservation:
        form = valid_answer(request)
        return decisions.reject(reservation, by=by, message=form["message"], seen=form["seen"])

    took_seat = request.POST.get("seen") == Reservation.Status.CONFIRMED
    words = _("%(name)s no longer has a spot.") if took_seat else _("%(name)s is rejected.")
    return decided(request, pk, with_message, words, stays=True)


def question_about(request: PersonRequest, reservation: Reservation) -> dict[str, Any]:
    """What the question shows before one person is rejected, or loses their seat."""
    form = RejectForm(initial={"seen": reservation.status}, auto_id="id_one_%s")
    return {
        "form": form,
        "reservation": reservation,
        "event": reservation.event,
        "action": reverse("tickets:reject", args=[reservation.pk]),
        "takes_seats": reservation.is_confirmed,
        "sent_again": sent_again(request.GET),
        "back": queue_address(request.GET, reservation.event),
        "here": "queue",
    }


@require_POST
@organizer_required
@keeps_part
def undo(request: PersonRequest, pk: int) -> HttpResponse:
    """Take a decision back. Undo ends when the mail leaves; "Back to the queue" comes after it."""
    deed = partial(decisions.undo, before_mail="told" not in request.GET)
    return decided(request, pk, deed, _("%(name)s is waiting again, at the old place."))


def decided(
    request: PersonRequest,
    pk: int,
    deed: Callable[..., Reservation],
    words: str,
    *,
    stays: bool = False,
) -> HttpResponse:
    """Do it, and show the row or the table as it is now. `stays`: the row stays in the table with its Undo."""
    reservation = get_object_or_404(managed_reservations(request.user), pk=pk)
    refusal, back = None, ""
    try:
        if deed(reservation, by=request.user).undo_seconds_left:
            back = reverse("tickets:undo", args=[pk])
    except Refused as no:
        refusal = no
    told = refusal.message if refusal else words % {"name": isolated(reservation.person)}
    if not request.htmx:
        return back_with(request, reservation.event, told, good=not refusal, undo=back)
    if request.htmx.target == "queue":
        return table_again(
            request,
            reservation.event_id,
            told,
            {pk: refusal} if refusal and stays else {},
            undoable=[pk] if back and stays else [],
            one=pk if stays else None,
            status=409 if refusal else 200,
        )
    return row_again(request, pk, told, refusal, settled=not refusal)


def row_again(
    request: PersonRequest,
    pk: int,
    told: str,
    refusal: Refused | None = None,
    *,
    settled: bool = False,
) -> HttpResponse:
    """The row as it is now; beside it the numbers, and a toast that can take back a decision that settled it."""
    now = get_object_or_404(managed_reservations(request.user).with_position().with_entry(), pk=pk)
    filters = QueueFilters(request.POST, event=now.event)
    context = {
        "row": Row(now, refusal, settled),
        "event": now.event,
        "filters": filters,
        "counts": filters.states(),
        "toast": "" if refusal else told,
    }
    return render(request, "tickets/queue.html#decided", context, status=409 if refusal else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@organizer_required
@keeps_draft(NoteForm)
def note(request: PersonRequest, pk: int) -> HttpResponse:
    """What the organizers tell each other about a guest: the form alone for htmx's dialog, else a page of its own."""
    reservation = get_object_or_404(managed_reservations(request.user), pk=pk)
    form = NoteForm(
        request.POST if request.method == "POST" else None, initial={"note": reservation.note}
    )
    if request.method != "POST" or not form.is_valid():
        context = {
            "form": form,
            "reservation": reservation,
            "event": reservation.event,
            "here": "queue",
        }
        template, status = (
            f"tickets/note.html{'#form' if request.htmx else ''}",
            422 if form.is_bound else 200,
        )
        answer = render(request, template, context, status=status)
        return retarget(answer, "#note-form") if request.htmx else answer
    decisions.note(reservation, form.cleaned_data["note"], by=request.user)
    if request.htmx:
        return row_again(request, pk, _("The note is saved."))
    messages.success(request, _("The note is saved."))
    return redirect(
        reverse(
            "tickets:queue",
            args=[reservation.event_id],
            query={"state": reservation.status_at_cancellation or reservation.status},
        )
        + f"#reservation-{pk}"
    )


# --- Many -------------------------------------------------------------------------------------------------------------


@require_POST
@organizer_required
@keeps_part
def confirm_many(request: PersonRequest, pk: int) -> HttpResponse:
    """Give the ticked ones seats, as far as they reach."""
    event = get_object_or_404(managed_events(request.user), pk=pk)
    try:
        done, refusals = bulk_decisions.confirm_many(event, ticked(request, event), by=request.user)
    except Refused as refusal:
        return nothing_done(request, event, refusal)
    return many_decided(
        request,
        event,
        ngettext("%(count)d confirmed", "%(count)d confirmed", len(done)),
        done,
        refusals,
    )


@require_POST
@organizer_required
@keeps_part
def confirm_next(request: PersonRequest, pk: int) -> HttpResponse:
    """Give the first of the queue seats, as many as were asked for and as far as the seats reach."""
    event = get_object_or_404(managed_events(request.user), pk=pk)
    try:
        done, refusals = bulk_decisions.confirm_next(
            event, filled_in(NextForm(request.POST), "bad_number")["number"], by=request.user
        )
    except Refused as refusal:
        return nothing_done(request, event, refusal)
    return many_decided(
        request,
        event,
        ngettext("%(count)d confirmed", "%(count)d confirmed", len(done)),
        done,
        refusals,
    )


@require_POST
@organizer_required
@keeps_part
def reject_many(request: PersonRequest, pk: int) -> HttpResponse:
    """Say no to the ticked ones, or take their seats back, with one message for all. A plain form is asked for it first."""
    event = get_object_or_404(managed_events(request.user), pk=pk)
    if not request.htmx and "asked" not in request.POST:
        return render(request, "tickets/reject.html", question_about_many(request, event))
    try:
        chosen, filters = ticked(request, event), QueueFilters(request.POST, event=event)
        message = valid_answer(request)["message"]
        done, refusals = bulk_decisions.reject_many(
            event, chosen, by=request.user, message=message, seen=filters.seen
        )
    except Refused as refusal:
        return nothing_done(request, event, refusal)
    if filters.takes_seats:
        words = ngettext("%(count)d spot taken back", "%(count)d spots taken back", len(done))
    else:
        words = ngettext("%(count)d rejected", "%(count)d rejected", len(done))
    return many_decided(request, event, words, done, refusals)


def question_about_many(request: PersonRequest, event: Event) -> dict[str, Any]:
    """What the question shows before many are rejected, or lose their seats."""
    filters, chosen = QueueFilters(request.POST, event=event), ticked(request, event)
    ticks = {"all": ["1"]} if "all" in request.POST else {"r": [str(one) for one in chosen]}
    return {
        "form": RejectForm(),
        "event": event,
        "action": reverse("tickets:reject_many", args=[event.pk]),
        "count": len(chosen),
        "takes_seats": filters.takes_seats,
        "sent_again": sent_again(request.POST)
        + [(name, value) for name, values in ticks.items() for value in values],
        "back": queue_address(request.POST, event, ticks),
        "here": "queue",
    }


@require_POST
@organizer_required
def undo_many(request: PersonRequest, pk: int) -> HttpResponse:
    """Take the decisions of a bulk deed back, all at once, as far as their mails have not left."""
    event = get_object_or_404(managed_events(request.user), pk=pk)
    chosen = ids(request.GET, "r") or ticked(
        request, event
    )  # a toast without a script names them in its address
    done, refusals = bulk_decisions.undo_many(event, chosen, by=request.user, before_mail=True)
    words = ngettext(
        "%(count)d is waiting again, at the old place",
        "%(count)d are waiting again, at their old places",
        len(done),
    )
    return many_decided(request, event, words, [], refusals, count=len(done))


def many_decided(
    request: PersonRequest,
    event: Event,
    words: str,
    done: list[int],
    refusals: dict[int, Refused],
    *,
    count: int | None = None,
) -> HttpResponse:
    """How many it was done to and how many not; `done` are the ids that can be taken back together, until their mails leave."""
    told = " ".join(
        [
            words % {"count": len(done) if count is None else count} + ".",
            *reasons(refusals.values()),
        ]
    )
    undoable = done if settings.MAIL_DECISION_DELAY_SECONDS else []
    if request.htmx:
        return table_again(request, event.pk, told, refusals, undoable=undoable)
    undo = ""
    if 0 < len(undoable) <= PER_PAGE:
        undo = reverse("tickets:undo_many", args=[event.pk], query={"r": undoable})
    return back_with(request, event, told, good=not refusals, undo=undo)


def reasons(refusals: Iterable[Refused]) -> list[str]:
    """Why it was not done to the others, and to how many of them for each reason."""
    by_reason: dict[tuple[str, str], int] = {}
    for refusal in refusals:
        reason = (refusal.code, str(refusal.message))
        by_reason[reason] = by_reason.get(reason, 0) + 1
    said = []
    for (code, message), number in by_reason.items():
        if code == "event_full":
            said.append(
                ngettext(
                    "No spot for the other %(count)d.", "No spots for the other %(count)d.", number
                )
                % {"count": number}
            )
        else:
            not_saved = ngettext("%(count)d not saved", "%(count)d not saved", number) % {
                "count": number
            }
            said.append(f"{not_saved}: {message}")
    return said


def nothing_done(request: PersonRequest, event: Event, refusal: Refused) -> HttpResponse:
    if request.htmx:
        return table_again(request, event.pk, refusal.message, {}, status=409)
    return back_with(request, event, refusal.message, good=False)


def table_again(
    request: PersonRequest,
    event_id: int,
    told: str,
    refusals: dict[int, Refused],
    *,
    undoable: Sequence[int] = (),
    one: int | None = None,
    status: int = 200,
) -> HttpResponse:
    """The whole table as it is now; those that were refused say why. `one`: only this was decided, and stays with the focus."""
    event = get_object_or_404(managed_events(request.user), pk=event_id)
    kept = [*ids(request.POST, "kept"), one] if one else []
    settled = None if one in refusals else one
    context = {
        **listing(event, request.POST, refusals, kept, settled=settled),
        "toast": told,
        "failed": bool(refusals) or status != 200,
        "swapped": True,
        "undoable": [*undoable],
        "one": one,
    }
    return render(request, "tickets/queue.html#table_again", context, status=status)


# --- What they share --------------------------------------------------------------------------------------------------


def listing(
    event: Event,
    asked: QueryDict,
    refusals: dict[int, Refused] | None = None,
    kept: Sequence[int] = (),
    *,
    settled: int | None = None,
    picked: Sequence[int] = (),
) -> dict[str, Any]:
    """Everything the table shows: three queries, however long the queue. `kept` are decided rows that stay among the others.

    `picked`: those that are ticked, beside the refused ones.
    """
    filters = QueueFilters(asked, event=event)
    found = filters.found(kept).select_related("person").with_entry()
    # Those who match a search are no neighbours in the queue, so that each has to ask for its place.
    found = found.with_position() if filters.words else found
    page = KeyPaginator(
        found, PER_PAGE, count=None if filters.words or kept else filters.count()
    ).get_page(asked.get("page"))
    if not filters.words:
        reads.assign_positions([*page], near_the_end=page.number * 2 > page.paginator.num_pages)
    refusals = refusals or {}
    rows = [
        Row(
            one,
            refusals.get(one.pk),
            settled=one.pk == settled,
            kept=one.pk in kept,
            picked=filters.has_ticks
            and one.status == filters.seen
            and (one.pk in refusals or one.pk in picked),
        )
        for one in page
    ]
    again = reverse("tickets:queue", args=[event.pk], query=filters.query(page=str(page.number)))
    shown = {
        "filters": filters,
        "page": page,
        "rows": rows,
        "counts": filters.states(),
        "again": again,
    }
    return {**shown, "event": event, "reject_form": RejectForm(), "here": "queue"}


def ticked(request: PersonRequest, event: Event) -> list[int]:
    """The ids that were ticked; with the box for all pages, of all that can be ticked and match the search."""
    if "all" not in request.POST:
        return ids(request.POST, "r")
    filters = QueueFilters(request.POST, event=event)
    return list(filters.found().filter(status=filters.seen).values_list("pk", flat=True))


def ids(asked: QueryDict, name: str) -> list[int]:
    """The ids under this name; what is no id is left out."""
    return [
        int(value)
        for value in asked.getlist(name)
        if value.isdecimal() and len(value) <= MOST_DIGITS
    ]


def valid_answer(request: PersonRequest) -> dict[str, Any]:
    """What was answered when the page asked whether to reject."""
    return filled_in(RejectForm(request.POST), "bad_message")


def filled_in(form: forms.Form, code: str) -> dict[str, Any]:
    """What the form holds. Refused: `code`, with every error of it."""
    if not form.is_valid():
        raise Refused(
            code, " ".join(str(error) for errors in form.errors.values() for error in errors)
        )
    return form.cleaned_data


def back_with(
    request: PersonRequest, event: Event, told: str, *, good: bool, undo: str = ""
) -> HttpResponse:
    """Back to the same part of the queue, with a message. `undo`: the address that takes it back, for a button in the toast."""
    (messages.success if good else messages.error)(request, told, extra_tags=undo)
    return redirect(queue_address(request.POST, event))


def queue_address(
    asked: QueryDict, event: Event, ticks: Mapping[str, list[str]] | None = None
) -> str:
    """The address of the part of the queue that was asked for, with these ticks."""
    query = {**QueueFilters(asked, event=event).query(page=asked.get("page", "")), **(ticks or {})}
    return reverse("tickets:queue", args=[event.pk], query=query)


def sent_again(asked: QueryDict) -> list[tuple[str, str]]:
    """The fields that lead back to the same part of the queue, for a form in between."""
    return [(name, asked.get(name, "")) for name in ("state", "q", "page") if name in asked]
