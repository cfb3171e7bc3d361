"""Refuses forms that a browser sends from another site's page, and answers what was refused.

The answer helps where the form is honest: its token is old, or a proxy changes the request.
"""

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

from eventflow.core.form_drafts import (
    has_draft,
    is_draft_of_another,
    refuse_draft_of_another,
    resend_page,
)
from eventflow.core.own_pages import is_same_origin, split_url

logger = logging.getLogger(__name__)
PROXY_DROPS_SCHEME = (
    "a form was refused: its page is on https, and the request came as http. The proxy must send "
    "X-Forwarded-Proto: https, and stand in TRUSTED_PROXIES."
)
PROXY_CHANGES_HOST = (
    "a form was refused: its page is on SITE_URL, and the request came with another Host. The "
    "proxy must pass Host on as it is."
)


def same_origin_only[**P](view: Callable[P, HttpResponse]) -> Callable[P, HttpResponse]:
    """Decorate a view: it refuses what a browser sends from another site's page.

    Its forms need no CSRF token, so a page that holds them is the same for every visitor. Every
    browser names the page's origin in a POST; a program that names none has no visitor's cookie.
    """

    @csrf_exempt
    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        request: Any = args[0]
        if not comes_from_our_page(request):
            return csrf_failure(request)
        return view(*args, **kwargs)

    return guarded


def comes_from_our_page(request: HttpRequest) -> bool:
    origin = request.headers.get("Origin")
    return origin is None or is_same_origin(origin, request.get_host())


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form that Django's CSRF check or `same_origin_only` refused.

    Where the proxy is the cause, the log says what to set. A page of this site whose token is older
    than the log-in gets a new one.
    """
    hint = proxy_misconfiguration(request)
    if hint:
        logger.warning("%s", hint)
    origin = request.headers.get("Origin")
    from_elsewhere = origin is not None and not is_same_origin(origin, request.get_host())
    if not hint and not from_elsewhere and is_login_form_of_logged_in_person(request):
        return redirect(wanted_page(request))
    if origin is not None and not from_elsewhere and not hint:
        # A page of this site, whose token is older than the log-in.
        if is_draft_of_another(request):
            return refuse_draft_of_another(request)
        if getattr(request, "htmx", False):
            return HttpResponse(status=403, headers={"X-CSRFToken": get_token(request)})
        if has_draft(request):
            return resend_page(request, status=403)
    facts = {"is_our_fault": bool(hint), "from_elsewhere": from_elsewhere}
    return render(request, "403_csrf.html", facts, status=403)


def is_login_form_of_logged_in_person(request: HttpRequest) -> bool:
    """Whether this is the form to log in or sign up, sent after a log-in in another tab."""
    forms = {reverse("account_login"), reverse("account_signup")}
    user = getattr(request, "user", None)
    return request.path in forms and user is not None and user.is_authenticated


def wanted_page(request: HttpRequest) -> str:
    """The address of this site that the form leads to; the front page if it names none."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    host = {request.get_host()}
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts=host, require_https=request.is_secure()
    )
    return wanted if is_ours else resolve_url(settings.LOGIN_REDIRECT_URL)


def proxy_misconfiguration(request: HttpRequest) -> str:
    """What a proxy changes so that a form of this site looks like another's; empty if nothing."""
    origin = split_url(request.headers.get("Origin", ""))
    if origin is None or not origin.netloc:
        return PROXY_DROPS_SCHEME if settings.HTTPS and not request.is_secure() else ""
    if is_same_origin(origin.geturl(), request.get_host()):
        return PROXY_DROPS_SCHEME if origin.scheme == "https" and not request.is_secure() else ""
    return PROXY_CHANGES_HOST if origin.geturl() == settings.SITE_URL else ""
