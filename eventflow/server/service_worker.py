"""What a browser keeps for when it can't reach us: a page that says so, and the small program that shows it."""

from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

PROGRAM = (Path(__file__).parent / "service_worker.js").read_text()


@require_safe
@cache_control(no_cache=True)
def page(request: HttpRequest) -> HttpResponse:
    return render(request, "offline.html")


@require_safe
@cache_control(no_cache=True)
def service_worker(request: HttpRequest) -> HttpResponse:
    """At the root, because a program reaches no further than its own folder."""
    return HttpResponse(PROGRAM, content_type="text/javascript; charset=utf-8")
