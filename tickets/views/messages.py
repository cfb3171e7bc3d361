"""The organizer's page of announcements: write, preview, send, and take back."""

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
    """Show the form, its preview, or send the message, as the form's button says."""
    event = get_object_or_404(managed_events(request.user), pk=pk)
    if request.method != "POST":
        audience = {"audience": request.GET.get("to")}
        return page(request, event, MessageForm(event=event, initial=audience))
    form = MessageForm(request.POST, event=event)
    if not form.is_valid() or request.POST.get("action") != "send":
        preview = form.is_valid() and request.POST.get("action") == "preview"
        return page(request, event, form, preview=preview)
    try:
        announcement = announcements.send(event, by=request.user, **form.cleaned_data)
    except Refused as refusal:
        form.refuse(refusal)
        return page(request, event, form)
    return respond_sent(request, event, announcement)


def respond_sent(request: PersonRequest, event: Event, announcement: Announcement) -> HttpResponse:
    """Say that the message is sent, and show an empty form for another to the same audience."""
    words = _(
        "Sent to %(count)d. It leaves in %(seconds)d seconds; until then you can take it back."
    )
    facts = {"count": announcement.recipients, "seconds": announcement.seconds_left}
    messages.success(request, words % facts)
    audience = announcement.audience
    if not request.htmx:
        return redirect(reverse("tickets:messages", args=[event.pk], query={"to": audience}))
    form = MessageForm(event=event, initial={"audience": audience})
    return page(request, event, form, just_sent=announcement)


@require_POST
@organizer_required
def withdraw(request: PersonRequest, pk: int) -> HttpResponse:
    """Take a message back whose mails have not left."""
    own = Announcement.objects.filter(event__in=managed_events(request.user))
    announcement = get_object_or_404(own, pk=pk)
    announcements.withdraw(announcement, by=request.user)
    messages.success(request, _("Taken back. Nobody gets it."))
    return redirect("tickets:messages", announcement.event_id)


def page(
    request: PersonRequest,
    event: Event,
    form: MessageForm,
    *,
    preview: bool = False,
    just_sent: Announcement | None = None,
) -> HttpResponse:
    """Render the page, or for htmx its form and list. `just_sent`: the new message."""
    sent = event.announcements.select_related("by", "event")[:SHOWN]
    context = {
        "event": event,
        "form": form,
        "sent": sent,
        "just_sent": just_sent,
        "here": "messages",
    }
    if preview:
        chosen = form.cleaned_data["audience"]
        context |= {"preview": form.cleaned_data, "to": announcements.sizes(event)[chosen]}
    part = ""
    if request.htmx:
        part = "#form_list_and_toasts" if just_sent else "#form_and_list"
    status = 422 if form.errors else 200
    return render(request, f"tickets/messages.html{part}", context, status=status)
