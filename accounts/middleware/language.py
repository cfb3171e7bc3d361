"""The language of an answer to a visitor or to a client of the API."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers

from eventflow.core.errors import is_api


class ApiCookieMiddleware:
    """Removes all cookies from requests of the API, which knows its callers by their tokens only.

    So neither the language nor anything else of an answer depends on a cookie there.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if is_api(request.path):
            request.COOKIES = {}
        return self.get_response(request)


class LanguageMiddleware:
    """Answers in the language of the visitor's cookie, else of the browser; tells caches so.

    The API answers in the language of Accept-Language, because `ApiCookieMiddleware` is before it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        activate_language(request, translation.get_language_from_request(request))
        response = self.get_response(request)
        is_by_cookie = not is_api(request.path)
        patch_vary_headers(response, ["Accept-Language", *(["Cookie"] if is_by_cookie else [])])
        response.headers.setdefault("Content-Language", translation.get_language() or "")
        return response


def activate_language(request: HttpRequest, language: str) -> None:
    """Use this language for the rest of the request."""
    translation.activate(language)
    request.LANGUAGE_CODE = translation.get_language()
