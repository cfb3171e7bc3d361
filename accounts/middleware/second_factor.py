"""Leads Admins who need a second factor to the page that sets one up."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from accounts.second_factor import lacks_second_factor
from eventflow.core.errors import is_api


class SecondFactorMiddleware:
    """Redirects an Admin who must have a second factor and has none. The API refuses by itself."""

    # Names of views, or their beginnings, that work without: setting up, logging out, and what
    # shows nothing of anybody.
    ALLOWED_VIEWS = (
        "mfa_",
        "account_reauthenticate",
        "account_logout",
        "accounts:set_language",
        "health",
        "offline",
        "service_worker",
    )

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *args: Any) -> HttpResponse | None:
        match = request.resolver_match
        if is_api(request.path) or not match or match.view_name.startswith(self.ALLOWED_VIEWS):
            return None
        if not lacks_second_factor(request.user):
            return None
        setup = reverse("mfa_index")
        is_htmx = getattr(request, "htmx", False)
        return HttpResponseClientRedirect(setup) if is_htmx else redirect(setup)
