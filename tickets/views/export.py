"""The download of the guest list, for people who manage the event."""

from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from accounts.decorators import PersonRequest, organizer_required
from events.models import Event
from events.permissions import managed_events
from tickets.queue import export


@require_safe
@organizer_required
def as_csv(request: PersonRequest, pk: int) -> HttpResponseBase:
    """The guest list as CSV, sent while it is read."""
    event = get_object_or_404(managed_events(request.user), pk=pk)
    headers = {"Content-Disposition": f'attachment; filename="{file_name(event)}.csv"'}
    return StreamingHttpResponse(
        export.csv_lines(event), content_type="text/csv; charset=utf-8", headers=headers
    )


@require_safe
@organizer_required
def as_xlsx(request: PersonRequest, pk: int) -> HttpResponseBase:
    """The guest list as an Excel file."""
    event = get_object_or_404(managed_events(request.user), pk=pk)
    name = f"{file_name(event)}.xlsx"
    return FileResponse(export.xlsx_file(event), as_attachment=True, filename=name)


def file_name(event: Event) -> str:
    return f"guests-{slugify(event.title)[:50] or event.pk}"
