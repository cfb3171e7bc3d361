"""Links to log in and to sign up that lead back to the page they stand on."""

from typing import Any
from urllib.parse import urlencode

from django import template
from django.http import HttpRequest
from django.urls import reverse

register = template.Library()
# Pages on the way in, which pass on where they are asked to lead; nobody wants to come back to them.
WAY_IN = ("/accounts/", "/activate/")


@register.simple_tag(takes_context=True)
def back_here(context: Any) -> str:
    """`?next=…`, which leads back to this page; empty where there is nothing to come back to."""
    request = context.get("request")
    wanted = page_to_return_to(request) if request else ""
    return f"?{urlencode({'next': wanted}, safe='/')}" if wanted else ""


def page_to_return_to(request: HttpRequest) -> str:
    if request.path.startswith(WAY_IN):
        return request.POST.get("next") or request.GET.get("next") or ""
    here = request.get_full_path()
    is_page = request.method in {"GET", "HEAD"} and request.resolver_match is not None
    return here if is_page and here != reverse("events:list") else ""
