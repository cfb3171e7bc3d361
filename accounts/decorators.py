"""Decorators that decide who may open a page. What a person may touch there is in `permissions`."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django_htmx.http import HttpResponseClientRedirect, reswap
from django_htmx.middleware import HtmxDetails

from accounts.models import User
from eventflow.core.form_drafts import has_draft, has_typed_fields, resend_page
from eventflow.core.own_pages import back_url

View = Callable[..., HttpResponseBase]
# The header with which a page marks a request of its own, such as a poll
# (static/js/logged-out.js).
BACKGROUND_HEADER = "X-Asked-By-Itself"


class VisitorRequest(HttpRequest):
    """A request as every view gets it: `htmx` is set."""

    htmx: HtmxDetails


class PersonRequest(VisitorRequest):
    """A request as a guarded view gets it: somebody is logged in."""

    user: User


def login_required(view: View) -> View:
    """Let only people who are logged in use the view; others get `respond_login_required`."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return respond_login_required(request)
        return view(request, *args, **kwargs)

    return guarded


def respond_login_required(request: HttpRequest) -> HttpResponseBase:
    """Redirect to the log-in page, which leads back; or stay, if that would lose what was typed.

    A person who sent a form that they had filled in stays on its page and logs in in another tab.
    So does one whose page sent a request of its own: a poll never leads away from a form.
    """
    htmx = getattr(request, "htmx", None)
    login = redirect_to_login(current_page_url(request, htmx)).url
    if htmx and (BACKGROUND_HEADER in request.headers or has_typed_fields(request)):
        toast = render(request, "send_again.html#toast", {"login": login}, status=401)
        return reswap(toast, "none")
    if has_draft(request):
        return resend_page(request, status=401, login=login)
    return HttpResponseClientRedirect(login) if htmx else redirect(login)


def current_page_url(request: HttpRequest, htmx: HtmxDetails | None) -> str:
    """Return the address of the page in the browser; of a POST, the page that held the form."""
    if htmx:
        return urlsplit(htmx.current_url_abs_path or "/")._replace(fragment="").geturl()
    return request.get_full_path() if request.method in {"GET", "HEAD"} else back_url(request)


def role_required(has_role: Callable[[User], bool]) -> Callable[[View], View]:
    """Return a decorator: visitors log in first, and a person without the role gets 403."""

    def decorate(view: View) -> View:
        @login_required
        @wraps(view)
        def guarded(request: PersonRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not has_role(request.user):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded

    return decorate


organizer_required = role_required(lambda person: person.is_organizer)
admin_required = role_required(lambda person: person.is_admin)
