"""Template tag for links to log-in and sign-up that lead back to the page they stand on."""

from typing import Any
from urllib.parse import urlencode

from django import template
from django.http import HttpRequest
from django.urls import reverse

register = template.Library()
# Pages of the log-in itself pass on where they were asked to lead: nobody wants to return to them.
LOGIN_PATHS = ("/accounts/", "/activate/")


@register.simple_tag(takes_context=True)
def return_query(context: Any) -> str:
    """Return `?next=…`, which leads back to this page; empty if there is nothing to return to."""
    request = context.get("request")
    page = page_to_return_to(request) if request else ""
    return f"?{urlencode({'next': page}, safe='/')}" if page else ""


def page_to_return_to(request: HttpRequest) -> str:
    if request.path.startswith(LOGIN_PATHS):
        return request.POST.get("next") or request.GET.get("next") or ""
    path = request.get_full_path()
    is_page = request.method in {"GET", "HEAD"} and request.resolver_match is not None
    return path if is_page and path != reverse("events:list") else ""
