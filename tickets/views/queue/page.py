"""The queue page: who has reserved, with filters, a page at a time."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.decorators import PersonRequest, organizer_required
from events.permissions import managed_events
from tickets.views.queue.table import ids, table_context


@require_safe
@vary_on_headers("HX-Request")
@organizer_required
def queue(request: PersonRequest, pk: int) -> HttpResponse:
    """The reservations of an event in queue order, a page at a time."""
    event = get_object_or_404(managed_events(request.user), pk=pk)
    # A person who returns from the question about many, without a script, finds the ticks again.
    kept, picked = ids(request.GET, "kept"), ids(request.GET, "r")
    context = table_context(event, request.GET, kept=kept, picked=picked)
    context["picks_all"] = "all" in request.GET
    if request.htmx and request.htmx.trigger == "queue-live":
        context |= {"swapped": True, "follows": True}
        return render(request, "tickets/queue.html#table_again", context)
    part = "#queue" if request.htmx and not request.htmx.history_restore_request else ""
    return render(request, f"tickets/queue.html{part}", context)
