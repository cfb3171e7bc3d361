"""What happens to a form whose sender must first confirm who they are."""

from collections.abc import Callable

from allauth.core.exceptions import ReauthenticationRequired
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from accounts.decorators import respond_login_required
from eventflow.core.form_drafts import has_draft, has_typed_fields, reduce_to_draft


class ReauthenticationMiddleware:
    """Removes from a form what must not be stored, before allauth stores it in the session.

    allauth sends the form again after the person has confirmed who they are. Only what a page may
    hold is stored: no password and no code. If nothing remains, the page is opened anew, without an
    error. A form is stored only for a person who is logged in: nothing of a session that has ended
    waits for the next person who logs in.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        """Answer a visitor; leave the answer to a person to allauth's own middleware."""
        if not isinstance(error, ReauthenticationRequired):
            return None
        if not request.user.is_authenticated:
            return respond_login_required(request)
        if has_typed_fields(request) and not has_draft(request):
            request.method = "GET"
        reduce_to_draft(request)
        return None
