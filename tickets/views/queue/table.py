"""What the views of the queue page share: the table, its filters and ticks, and redirects to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Page
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from accounts.decorators import PersonRequest
from eventflow.core.errors import Refused
from eventflow.core.form_drafts import keeps_draft
from eventflow.core.paging import KeyPaginator
from events.models import Event
from events.permissions import managed_events
from tickets.forms import NextForm, QueueFilters, RejectForm
from tickets.models import Reservation
from tickets.queue import reads

PER_PAGE = 50
# Keeps what was typed and ticked on the page, for a person whose session is over when they send it.
keeps_queue_draft = keeps_draft(
    RejectForm, NextForm, beside=["state", "q", "page", "r", "all", "asked"]
)
# The most digits of an id that every database can store.
MOST_DIGITS = 18


@dataclass(frozen=True)
class Row:
    """One row of the table: a reservation, and what happened to it in this request.

    `refusal`: why it was not decided. `settled`: it was decided just now. `kept`: it was decided on
    this page earlier, and is still shown with its Undo. `picked`: its tick is set.
    """

    reservation: Reservation
    refusal: Refused | None = None
    settled: bool = False
    kept: bool = False
    picked: bool = False


def render_table(
    request: PersonRequest,
    event_id: int,
    message: str,
    refusals: dict[int, Refused],
    *,
    undoable: Sequence[int] = (),
    one: int | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render the whole table as it is now, with a message; refused rows show their reason.

    `undoable`: the ids that the toast's Undo takes back. `one`: the id of the only row that was
    decided, which stays in the table and keeps the focus.
    """
    event = get_object_or_404(managed_events(request.user), pk=event_id)
    kept = [*ids(request.POST, "kept"), one] if one else []
    settled = None if one in refusals else one
    context = {
        **table_context(event, request.POST, refusals, kept, settled=settled),
        "toast": message,
        "failed": bool(refusals) or status != 200,
        "swapped": True,
        "undoable": [*undoable],
        "one": one,
    }
    return render(request, "tickets/queue.html#table_again", context, status=status)


def table_context(
    event: Event,
    query: QueryDict,
    refusals: Mapping[int, Refused] | None = None,
    kept: Sequence[int] = (),
    *,
    settled: int | None = None,
    picked: Sequence[int] = (),
) -> dict[str, Any]:
    """Return everything that the table shows, with three queries however long the queue is.

    `query`: the filters and the page. `refusals`, `kept`, `settled` and `picked`: the rows that
    `Row` explains, by id.
    """
    filters = QueueFilters(query, event=event)
    page = fetch_page(filters, query.get("page"), kept)
    refusals = refusals or {}
    ticks = {*picked, *refusals} if filters.has_ticks else set()
    rows = [
        Row(
            reservation,
            refusals.get(reservation.pk),
            settled=reservation.pk == settled,
            kept=reservation.pk in kept,
            picked=reservation.pk in ticks and reservation.status == filters.seen,
        )
        for reservation in page
    ]
    same_page = filters.query(page=str(page.number))
    return {
        "filters": filters,
        "page": page,
        "rows": rows,
        "counts": filters.states(),
        "again": reverse("tickets:queue", args=[event.pk], query=same_page),
        "event": event,
        "reject_form": RejectForm(),
        "here": "queue",
    }


def fetch_page(filters: QueueFilters, number: str | None, kept: Sequence[int]) -> Page:
    """Return a page of the filtered reservations, each with `inside` and `position`."""
    found = filters.found(kept).select_related("person").with_entry()
    if filters.words:
        # Those that match a search are not neighbours in the queue: each position is counted.
        return KeyPaginator(found.with_position(), PER_PAGE).get_page(number)
    count = None if kept else filters.count()
    page = KeyPaginator(found, PER_PAGE, count=count).get_page(number)
    reads.assign_positions([*page], near_the_end=page.number * 2 > page.paginator.num_pages)
    return page


def ticked(request: PersonRequest, event: Event) -> list[int]:
    """Return the ids that are ticked.

    With the tick for all pages: of all reservations that match the filters and can be ticked.
    """
    if "all" not in request.POST:
        return ids(request.POST, "r")
    filters = QueueFilters(request.POST, event=event)
    return list(filters.found().filter(status=filters.seen).values_list("pk", flat=True))


def ids(query: QueryDict, name: str) -> list[int]:
    """Return the ids under this name, without values that are no id."""
    values = query.getlist(name)
    return [int(value) for value in values if value.isdecimal() and len(value) <= MOST_DIGITS]


def valid_rejection(request: PersonRequest) -> dict[str, Any]:
    """Return the fields of the form that asks for a rejection's message. Refused: bad_message."""
    return cleaned_or_refused(RejectForm(request.POST), "bad_message")


def cleaned_or_refused(form: forms.Form, code: str) -> dict[str, Any]:
    """Return the valid fields of the form. Refused: `code`, with every error of it."""
    if not form.is_valid():
        errors = [str(error) for errors in form.errors.values() for error in errors]
        raise Refused(code, " ".join(errors))
    return form.cleaned_data


def redirect_to_queue(
    request: PersonRequest, event: Event, message: str, *, is_done: bool, undo: str = ""
) -> HttpResponse:
    """Redirect to the same filters and page, with a message.

    `undo`: the address that undoes the decision, for a button in the toast.
    """
    (messages.success if is_done else messages.error)(request, message, extra_tags=undo)
    return redirect(queue_address(request.POST, event))


def queue_address(
    query: QueryDict, event: Event, ticks: Mapping[str, list[str]] | None = None
) -> str:
    """Return the address of the same filters and page, with these ticks."""
    filters = QueueFilters(query, event=event).query(page=query.get("page", ""))
    return reverse("tickets:queue", args=[event.pk], query={**filters, **(ticks or {})})


def filter_fields(query: QueryDict) -> list[tuple[str, str]]:
    """Return the filters and the page as hidden fields, for a form between two queue pages."""
    return [(name, query.get(name, "")) for name in ("state", "q", "page") if name in query]
