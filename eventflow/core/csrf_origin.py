"""Where a browser says that a request comes from, and what is said to whoever's form is refused for it."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.csrf import csrf_exempt

from eventflow.core.form_drafts import belongs_to_another, is_kept, offer_again, refuse_anothers
from eventflow.core.own_pages import is_our_page, parts_of

logger = logging.getLogger(__name__)
NOT_SAID_TO_BE_HTTPS = (
    "a form was refused: its page is on https, and the request came as http. The proxy must send "
    "X-Forwarded-Proto: https, and stand in TRUSTED_PROXIES."
)
NOT_THE_HOST_OF_THE_PAGE = "a form was refused: its page is on SITE_URL, and the request came with another Host. The proxy must pass Host on as it is."


def from_our_pages[**P](view: Callable[P, HttpResponse]) -> Callable[P, HttpResponse]:
    """Refuse what a browser sends from somebody else's page; the view's forms need no CSRF token, and a page that holds them is the same for all.

    Every browser names the page's origin in a POST. A program that sends none has no visitor's cookie to misuse.
    """

    @csrf_exempt
    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        request: Any = args[0]
        if not welcome(request):
            return form_refused(request)
        return view(*args, **kwargs)

    return guarded


def welcome(request: HttpRequest) -> bool:
    origin = request.headers.get("Origin")
    return origin is None or is_our_page(origin, request.get_host())


def form_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The page for a form that Django's CSRF check or ours refused. Where the proxy is the cause, the log says what to set."""
    hint = proxy_fault(request)
    if hint:
        logger.warning("%s", hint)
    origin = request.headers.get("Origin")
    from_elsewhere = origin is not None and not is_our_page(origin, request.get_host())
    if not hint and not from_elsewhere and is_logged_in_meanwhile(request):
        return redirect(wanted_page(request))
    if origin is not None and not from_elsewhere and not hint:
        # Our own page, whose token is older than the log-in: it gets a new one.
        if belongs_to_another(request):
            return refuse_anothers(request)
        if getattr(request, "htmx", False):
            return HttpResponse(status=403, headers={"X-CSRFToken": get_token(request)})
        if is_kept(request):
            return offer_again(request, status=403)
    facts = {"is_our_fault": bool(hint), "from_elsewhere": from_elsewhere}
    return render(request, "403_csrf.html", facts, status=403)


def is_logged_in_meanwhile(request: HttpRequest) -> bool:
    """Whether this is the form to log in or sign up, sent after its person logged in with another tab."""
    forms = {reverse("account_login"), reverse("account_signup")}
    user = getattr(request, "user", None)
    return request.path in forms and user is not None and user.is_authenticated


def wanted_page(request: HttpRequest) -> str:
    """Where the form would have led, if that is here; the front page otherwise."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    host = {request.get_host()}
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts=host, require_https=request.is_secure()
    )
    return wanted if is_ours else resolve_url(settings.LOGIN_REDIRECT_URL)


def proxy_fault(request: HttpRequest) -> str:
    """What a proxy changes on the way, so that a form of ours looks like another site's; empty if nothing."""
    origin = parts_of(request.headers.get("Origin", ""))
    if origin is None or not origin.netloc:
        return NOT_SAID_TO_BE_HTTPS if settings.HTTPS and not request.is_secure() else ""
    if is_our_page(origin.geturl(), request.get_host()):
        return NOT_SAID_TO_BE_HTTPS if origin.scheme == "https" and not request.is_secure() else ""
    return NOT_THE_HOST_OF_THE_PAGE if origin.geturl() == settings.SITE_URL else ""
