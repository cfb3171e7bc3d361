"""The OpenAPI document, and Swagger UI and ReDoc, all from our own static files."""

import json
from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.csp import CSP
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

# Both have pictures in their styles.
SWAGGER: dict[str, list[str]] = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "connect-src": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}
# ReDoc also writes styles while it runs, and searches in a worker of its own. Scripts stay ours.
REDOC = SWAGGER | {"style-src-elem": [CSP.SELF, CSP.UNSAFE_INLINE], "worker-src": ["blob:"]}


@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    """OpenAPI 3.1 as JSON, with the words of refusals in the language asked for."""
    return HttpResponse(
        document(translation.get_language() or settings.LANGUAGE_CODE),
        content_type="application/json",
    )


@cache
def document(language: str) -> bytes:
    """The document in one language, made once in each process."""
    with translation.override(language):
        return json.dumps(
            SchemaGenerator().get_schema(request=None, public=True), ensure_ascii=False
        ).encode()


@require_safe
@csp_override(SWAGGER)
def swagger_ui(request: HttpRequest) -> HttpResponse:
    return render(request, "api/swagger_ui.html")


@require_safe
@csp_override(REDOC)
def redoc(request: HttpRequest) -> HttpResponse:
    return render(request, "api/redoc.html")


@require_safe
def moved(request: HttpRequest, to: str) -> HttpResponse:
    """Redirect an address of older documentation to the page, under the same prefix."""
    space = request.resolver_match.namespace if request.resolver_match else "api"
    return HttpResponsePermanentRedirect(reverse(f"{space}:{to}"), preserve_request=True)
