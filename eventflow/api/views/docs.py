"""What this API is, for machines and for people: the OpenAPI document, Swagger UI and ReDoc, all from our own static files."""

import json
from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.csp import CSP
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

# Both pages make their styles as they go; ReDoc also searches in a worker of its own. Scripts stay ours alone.
POLICY: dict[str, list[str]] = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF, CSP.UNSAFE_INLINE],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "worker-src": ["blob:"],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}


@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    """OpenAPI 3.1 as JSON, with the words of refusals in the language asked for."""
    return HttpResponse(document(translation.get_language() or settings.LANGUAGE_CODE), content_type="application/json")


@cache
def document(language: str) -> bytes:
    """Made once for each language: it is the same until the next start."""
    with translation.override(language):
        return json.dumps(SchemaGenerator().get_schema(request=None, public=True), ensure_ascii=False).encode()


@require_safe
@csp_override(POLICY)
def swagger_ui(request: HttpRequest) -> HttpResponse:
    return render(request, "api/swagger_ui.html")


@require_safe
@csp_override(POLICY)
def redoc(request: HttpRequest) -> HttpResponse:
    return render(request, "api/redoc.html")
