"""Tells pages of this site from pages of others, by the `Origin` and `Referer` of a request."""

from urllib.parse import SplitResult, urlsplit

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def parts_of(origin: str) -> SplitResult | None:
    """None for what is no URL."""
    try:
        return urlsplit(origin)
    except ValueError:
        return None


def is_our_page(origin: str, host: str) -> bool:
    """Whether this Origin is a page of the site that the request's Host names."""
    parts = parts_of(origin)
    return parts is not None and parts.netloc.lower() == host.lower()


def back_url(request: HttpRequest) -> str:
    """Where the person came from, if that was one of our own pages; else the front page."""
    referer = urlsplit(request.headers.get("Referer", ""))
    own = referer.netloc == request.get_host()
    # A browser reads an address that begins with two slashes as another site's.
    return referer.path if own and url_has_allowed_host_and_scheme(referer.path, None) else "/"
