"""Which language an answer is written in: the person's own, else what the browser asks for. Who may keep it. And who must sign in in two steps."""

from collections.abc import Callable
from typing import Any

from allauth.core.exceptions import ReauthenticationRequired
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django_htmx.http import HttpResponseClientRedirect

from accounts import mfa, sessions
from accounts.decorators import to_login
from eventflow.core.errors import is_api
from eventflow.core.form_drafts import is_filled_in, is_kept, leave_what_is_kept
from eventflow.core.headers import PRIVATE
from eventflow.observability import current

Answer = Callable[[HttpRequest], HttpResponse]


class LanguageMiddleware:
    """For visitors: the language of their cookie, else of their browser; for callers of the API the one they ask for. Says so to caches."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        decides = ["Accept-Language"]
        if is_api(request.path):
            # Nobody is known there by a cookie, and the language is the one the request asks for.
            request.COOKIES = {}
        else:
            decides.append("Cookie")
        speak(request, translation.get_language_from_request(request))
        response = self.get_response(request)
        patch_vary_headers(response, decides)
        response.headers.setdefault("Content-Language", translation.get_language() or "")
        return response


class PersonMiddleware:
    """For those who are logged in: the language they chose, on whatever device, and pages that nobody finds later in a cache."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # The API knows its callers by their tokens.
        if is_api(request.path) or not request.user.is_authenticated:
            return of_session(request, self.get_response(request))
        if sessions.is_too_old(request.session):
            logout(request)
            return self.get_response(request)
        sessions.touch(request)
        current().person_id = request.user.pk
        speak(request, request.user.language)
        return of_session(request, self.get_response(request))


def of_session(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Keep the answer out of every cache where the browser has a session: of a person, or of a phone at a gate.

    Without one the answer is the same for everybody.
    """
    if not is_api(request.path) and not request.session.is_empty():
        response.headers.setdefault("Cache-Control", PRIVATE)
    return response


class ReauthenticationMiddleware:
    """What becomes of a form whose sender must first prove again who they are.

    allauth keeps it in the session, in the database, and sends it afterwards. Only what a page may hold
    is kept there too: no password and no code. Where nothing is left, the page is opened anew, without
    an error. And only for somebody who is logged in: nothing of a session that has ended waits for
    whoever logs in next.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        """Answer a visitor; else leave the answer to allauth's own middleware."""
        if not isinstance(error, ReauthenticationRequired):
            return None
        if not request.user.is_authenticated:
            return to_login(request)
        if is_filled_in(request) and not is_kept(request):
            request.method = "GET"
        leave_what_is_kept(request)
        return None


class SecondFactorMiddleware:
    """Leads an Admin who must have a second step and has none to the page that sets one up. The API says so itself, in its own words."""

    # What works without: the way there, the way out, and what shows nothing of anybody.
    ALWAYS = (
        "mfa_",
        "account_reauthenticate",
        "account_logout",
        "accounts:set_language",
        "health",
        "offline",
        "service_worker",
    )

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *args: Any) -> HttpResponse | None:
        match = request.resolver_match
        if (
            is_api(request.path)
            or not match
            or match.view_name.startswith(self.ALWAYS)
            or not mfa.lacks_second_factor(request.user)
        ):
            return None
        setup = reverse("mfa_index")
        return (
            HttpResponseClientRedirect(setup)
            if getattr(request, "htmx", False)
            else redirect(setup)
        )


def speak(request: HttpRequest, language: str) -> None:
    translation.activate(language)
    request.LANGUAGE_CODE = translation.get_language()
