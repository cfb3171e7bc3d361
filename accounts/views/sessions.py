"""Where a person is logged in, and the buttons that log out there."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import access, login_sessions
from accounts.decorators import PersonRequest, login_required


@login_required
@require_safe
def session_list(request: PersonRequest) -> HttpResponse:
    """Where the person is logged in, each with a button that logs out there."""
    facts = {
        "sessions": login_sessions.active_sessions_of(request.user),
        "here": login_sessions.current_row_id(request),
    }
    return render(request, "accounts/sessions.html", facts)


@login_required
@require_POST
def revoke_session(request: PersonRequest, pk: int) -> HttpResponse:
    """Log out in one other place."""
    sessions = login_sessions.active_sessions_of(request.user)
    others = sessions.exclude(pk=login_sessions.current_row_id(request))
    login_sessions.revoke_session(get_object_or_404(others, pk=pk), by=request.user)
    messages.success(request, _("Logged out there."))
    return redirect("accounts:sessions")


@login_required
@require_POST
def revoke_other_sessions(request: PersonRequest) -> HttpResponse:
    """Log out everywhere but here."""
    access.log_out_everywhere(request.user)
    access.keep_current_session(request)
    messages.success(request, _("You are logged in here only."))
    return redirect("accounts:sessions")
