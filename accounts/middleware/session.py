"""What a logged-in person's session decides: whether it still counts, the language, the caching."""

from collections.abc import Callable

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse

from accounts import login_sessions
from accounts.middleware.language import activate_language
from eventflow.core.errors import is_api
from eventflow.core.headers import PRIVATE_CACHE_CONTROL
from eventflow.observability import get_request_context


class PersonMiddleware:
    """Logs out expired log-ins, notes activity, and answers in the person's own language.

    Keeps their pages out of every cache. Does nothing for the API.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if is_api(request.path) or not request.user.is_authenticated:
            return keep_out_of_caches(request, self.get_response(request))
        if login_sessions.is_expired(request.session):
            logout(request)
            return self.get_response(request)
        login_sessions.record_activity(request)
        get_request_context().person_id = request.user.pk
        activate_language(request, request.user.language)
        return keep_out_of_caches(request, self.get_response(request))


def keep_out_of_caches(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Forbid caches to store the answer where the browser has a session.

    It may be a person's, or that of a device at a gate. Without a session the answer is the same
    for everybody.
    """
    if not is_api(request.path) and not request.session.is_empty():
        response.headers.setdefault("Cache-Control", PRIVATE_CACHE_CONTROL)
    return response
