"""The page and the download of a person's own data."""

from itertools import batched

from allauth.account.decorators import reauthentication_required
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.allauth_bridge import is_reauthentication_required
from accounts.decorators import PersonRequest, login_required
from eventflow.operations.personal_data import export

# Pieces of the file sent at once.
BATCH = 500


@require_safe
@login_required
@reauthentication_required
def page(request: PersonRequest) -> HttpResponse:
    """The page with the button that downloads. Opening it asks for the password."""
    return render(request, "accounts/your_data.html")


@require_safe
@login_required
def download(request: PersonRequest) -> HttpResponseBase:
    """The file, for a person who gave the password just now.

    An open browser is not enough to take it. Others are redirected to the page of the button, which
    asks for the password: a download would leave the password's page open.
    """
    if is_reauthentication_required(request):
        return redirect("your_data")
    name = f"eventflow-{timezone.now():%Y-%m-%d}.json"
    pieces = batched(export.as_json(export.sections(request.user)), BATCH, strict=False)
    return StreamingHttpResponse(
        map("".join, pieces),
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
