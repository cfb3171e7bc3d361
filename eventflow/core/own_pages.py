"""Tells pages of this site from pages of others, by the `Origin` and `Referer` of a request."""

from urllib.parse import SplitResult, urlsplit

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def split_url(origin: str) -> SplitResult | None:
    """The parts of a URL; None for text that is no URL."""
    try:
        return urlsplit(origin)
    except ValueError:
        return None


def is_same_origin(origin: str, host: str) -> bool:
    """Whether this Origin is the site that the request's Host names."""
    parts = split_url(origin)
    return parts is not None and parts.netloc.lower() == host.lower()


def back_url(request: HttpRequest) -> str:
    """The path of the page that the request came from, if it is of this site; else `/`."""
    referer = urlsplit(request.headers.get("Referer", ""))
    own = referer.netloc == request.get_host()
    # A browser reads an address that begins with two slashes as another site's.
    return referer.path if own and url_has_allowed_host_and_scheme(referer.path, None) else "/"
