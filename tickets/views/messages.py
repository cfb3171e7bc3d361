"""What an organizer writes to their guests: typed, looked at, sent, and for a minute taken back."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.decorators import PersonRequest, organizer_required
from eventflow.core.errors import Refused
from eventflow.core.form_drafts import keeps_draft
from events.models import Event
from events.permissions import managed_events
from tickets.forms import MessageForm
from tickets.messages import announcements
from tickets.models import Announcement

SHOWN = 20


@require_http_methods(["GET", "HEAD", "POST"])
@organizer_required
@keeps_draft(MessageForm, beside=["action"])
def write(request: PersonRequest, pk: int) -> HttpResponse:
    """The form; the preview that says how many get it; and, once that was seen, the sending."""
    event = get_object_or_404(managed_events(request.user), pk=pk)
    if request.method != "POST":
        return page(
            request, event, MessageForm(event=event, initial={"audience": request.GET.get("to")})
        )
    form = MessageForm(request.POST, event=event)
    if not form.is_valid() or request.POST.get("action") != "send":
        preview = form.is_valid() and request.POST.get("action") == "preview"
        return page(request, event, form, preview=preview)
    try:
        said = announcements.send(event, by=request.user, **form.cleaned_data)
    except Refused as refusal:
        form.refuse(refusal)
        return page(request, event, form)
    return sent(request, event, said)


def sent(request: PersonRequest, event: Event, said: Announcement) -> HttpResponse:
    """Say that it is sent. The new form is empty and keeps the audience, so that a second message goes to the same guests."""
    words = _(
        "Sent to %(count)d. It leaves in %(seconds)d seconds; until then you can take it back."
    )
    messages.success(request, words % {"count": said.recipients, "seconds": said.seconds_left})
    if not request.htmx:
        return redirect(reverse("tickets:messages", args=[event.pk], query={"to": said.audience}))
    return page(
        request, event, MessageForm(event=event, initial={"audience": said.audience}), said=said
    )


@require_POST
@organizer_required
def withdraw(request: PersonRequest, pk: int) -> HttpResponse:
    said = get_object_or_404(
        Announcement.objects.filter(event__in=managed_events(request.user)), pk=pk
    )
    announcements.withdraw(said, by=request.user)
    messages.success(request, _("Taken back. Nobody gets it."))
    return redirect("tickets:messages", said.event_id)


def page(
    request: PersonRequest,
    event: Event,
    form: MessageForm,
    *,
    preview: bool = False,
    said: Announcement | None = None,
) -> HttpResponse:
    """The page, or for htmx its form and list. `said`: what was sent just now."""
    sent = event.announcements.select_related("by", "event")[:SHOWN]
    context = {"event": event, "form": form, "sent": sent, "just_sent": said, "here": "messages"}
    if preview:
        chosen = form.cleaned_data["audience"]
        context |= {"preview": form.cleaned_data, "to": announcements.sizes(event)[chosen]}
    part = ("#form_list_and_toasts" if said else "#form_and_list") if request.htmx else ""
    return render(
        request, f"tickets/messages.html{part}", context, status=422 if form.errors else 200
    )
