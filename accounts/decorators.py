"""Who may open a page at all. What they may touch there is decided by the querysets in `permissions`."""

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
from eventflow.core.form_drafts import is_filled_in, is_kept, offer_again
from eventflow.core.own_pages import back_url

View = Callable[..., HttpResponseBase]
# The header by which a page marks what it asks for by itself (static/js/logged-out.js).
ASKED_BY_ITSELF = "X-Asked-By-Itself"


class VisitorRequest(HttpRequest):
    """What every view gets: the request may be htmx's."""

    htmx: HtmxDetails


class PersonRequest(VisitorRequest):
    """What a guarded view gets: somebody is logged in."""

    user: User


def login_required(view: View) -> View:
    """Visitors are sent to the log-in page and come back afterwards; see `to_login` for htmx."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return (
            view(request, *args, **kwargs) if request.user.is_authenticated else to_login(request)
        )

    return guarded


def to_login(request: HttpRequest) -> HttpResponseBase:
    """Lead to the log-in page and back, unless that would lose what stands on the page.

    Who sent a form that they had filled in stays with it, and logs in in another tab. So does
    whose page asked for something by itself: a poll never leads away from a half-written note.
    """
    htmx = getattr(request, "htmx", None)
    login = redirect_to_login(where_they_are(request, htmx)).url
    if htmx and (ASKED_BY_ITSELF in request.headers or is_filled_in(request)):
        return reswap(
            render(request, "send_again.html#toast", {"login": login}, status=401), "none"
        )
    if is_kept(request):
        return offer_again(request, status=401, login=login)
    return HttpResponseClientRedirect(login) if htmx else redirect(login)


def where_they_are(request: HttpRequest, htmx: HtmxDetails | None) -> str:
    """The address of the page in the browser. Nobody can come back to a POST: it is the page that held the form."""
    if htmx:
        return urlsplit(htmx.current_url_abs_path or "/")._replace(fragment="").geturl()
    return request.get_full_path() if request.method in {"GET", "HEAD"} else back_url(request)


def allowed_to(who: Callable[[User], bool]) -> Callable[[View], View]:
    """Visitors log in first; a person whose role is not enough gets 403."""

    def decorate(view: View) -> View:
        @login_required
        @wraps(view)
        def guarded(request: PersonRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not who(request.user):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded

    return decorate


organizer_required = allowed_to(lambda person: person.is_organizer)
admin_required = allowed_to(lambda person: person.is_admin)
