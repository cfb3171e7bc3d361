"""The service worker, which shows a page of its own while a browser can't reach us."""

from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

SCRIPT = (Path(__file__).parent / "service_worker.js").read_text()


@require_safe
@cache_control(no_cache=True)
def offline_page(request: HttpRequest) -> HttpResponse:
    """The page that the service worker keeps, and shows when there is no network."""
    return render(request, "offline.html")


@require_safe
@cache_control(no_cache=True)
def service_worker(request: HttpRequest) -> HttpResponse:
    """The script. Served at the root, because it reaches no further than its own folder."""
    return HttpResponse(SCRIPT, content_type="text/javascript; charset=utf-8")
