"""The editor: start, change, publish, duplicate and cancel an event."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from accounts.decorators import PersonRequest, organizer_required
from accounts.models import User
from eventflow.core.errors import Refused
from eventflow.core.form_drafts import keeps_draft
from events import services
from events.forms.editor import EventForm
from events.forms.panel import CancelEventForm
from events.models import Event
from events.permissions import managed_events

get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@get_or_post
@organizer_required
@keeps_draft(EventForm, beside=["action"])
def new(request: PersonRequest) -> HttpResponse:
    """Start an event, as a draft or published at once."""
    if request.method != "POST":
        form = EventForm(initial={"contact_email": request.user.email})
        return render_editor(request, form, None)
    return save_form(request, EventForm(request.POST), None)


@get_or_post
@organizer_required
@keeps_draft(EventForm, beside=["action"])
def edit(request: PersonRequest, pk: int) -> HttpResponse:
    """Change what an event says."""
    event = get_object_or_404(managed_events(request.user), pk=pk)
    if request.method != "POST":
        return render_editor(request, EventForm(instance=event), event)
    return save_form(request, EventForm(request.POST, instance=event), event)


def save_form(request: PersonRequest, form: EventForm, event: Event | None) -> HttpResponse:
    """Create, change or publish the event as the form says; else the form with its errors."""
    publish = request.POST.get("action") == "publish"
    # An editor that was opened while the event was a draft still says "Publish".
    opens = publish and not (event and event.is_published)
    before = {name: getattr(event, name) for name in services.MOVE_FIELDS} if event else {}
    saved = None
    try:
        if form.is_valid():
            saved = save_event(event, by=request.user, publish=publish, **form.cleaned_data)
    except Refused as refusal:
        form.add_refusal(refusal)
    if saved is None:
        return render_editor(request, form, event)
    published = _("Published. People can reserve now.")
    messages.success(request, published if opens else saved_message(saved, before))
    return redirect_fully(request, "events:live" if opens else "events:edit", saved.pk)


def saved_message(event: Event, before: dict[str, Any]) -> str:
    """That it is saved; and how many guests get a mail, if a published event has moved."""
    has_moved = any(getattr(event, name) != value for name, value in before.items())
    if not event.guest_count or not event.is_published or not has_moved:
        return _("Saved.")
    message = ngettext(
        "Saved. %(count)d guest gets a mail about the change.",
        "Saved. %(count)d guests get a mail about the change.",
        event.guest_count,
    )
    return message % {"count": event.guest_count}


def render_editor(request: PersonRequest, form: EventForm, event: Event | None) -> HttpResponse:
    partial = "#form" if request.htmx else ""
    context = {"form": form, "event": event, "cancel_form": CancelEventForm(), "here": "events"}
    status = 422 if form.errors or form.asks_about_move else 200
    return render(request, f"events/edit.html{partial}", context, status=status)


def save_event(
    event: Event | None,
    *,
    by: User,
    publish: bool,
    confirm_past: bool,
    confirm_move: bool,
    **fields: Any,
) -> Event:
    """Call the service of the pressed button."""
    confirmed = {"confirm_past": confirm_past, "confirm_move": confirm_move}
    if publish:
        return services.save_and_publish(event, by=by, **confirmed, **fields)
    if event is None:
        return services.create(by=by, **fields)
    return services.edit(event, by=by, **confirmed, **fields)


def redirect_fully(request: PersonRequest, name: str, pk: int) -> HttpResponse:
    """Lead the browser to another page, also after a request by htmx."""
    url = resolve_url(name, pk)
    return HttpResponseClientRedirect(url) if request.htmx else redirect(url)


@require_POST
@organizer_required
def publish(request: PersonRequest, pk: int) -> HttpResponse:
    """Open the event to the public."""
    event = get_object_or_404(managed_events(request.user), pk=pk)
    try:
        services.publish(event, by=request.user)
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect_fully(request, "events:edit", event.pk)
    messages.success(request, _("Published. People can reserve now."))
    return redirect_fully(request, "events:live", event.pk)


@require_POST
@organizer_required
def duplicate(request: PersonRequest, pk: int) -> HttpResponse:
    """Offer the event again: a draft with the same content, to check and publish."""
    event = get_object_or_404(managed_events(request.user), pk=pk)
    copy = services.duplicate(event, by=request.user)
    messages.success(request, _("This is a copy, as a draft. Check its dates, then publish it."))
    return redirect("events:edit", copy.pk)


@get_or_post
@organizer_required
@keeps_draft(CancelEventForm)
def cancel(request: PersonRequest, pk: int) -> HttpResponse:
    """Cancel the event. A GET shows the question, for pages without the dialog."""
    event = get_object_or_404(managed_events(request.user), pk=pk)
    form = CancelEventForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        context = {"event": event, "cancel_form": form, "here": "events"}
        status = 422 if form.is_bound else 200
        return render(request, "events/cancel.html", context, status=status)
    services.cancel(event, by=request.user, message=form.cleaned_data["message"])
    messages.success(
        request, _("The event is cancelled. Everybody who had a place gets an e-mail.")
    )
    return redirect("events:live", event.pk)
