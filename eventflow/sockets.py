"""Who may open a socket here at all: our own pages, the front ends we know, and programs, which send no Origin."""

from typing import Any
from urllib.parse import urlsplit

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import split_domain_port, validate_host


class OurPagesOnly:
    """Turn away a browser that stands on somebody else's page, which would bring our visitor's cookie with it."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin1")
        origin = headers.get(b"origin")
        welcome = is_our_host(host) and (origin is None or may_come_from(origin.decode("latin1"), host))
        return await (self.inner if welcome else WebsocketDenier())(scope, receive, send)


def is_our_host(host: str) -> bool:
    return validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS)


def may_come_from(origin: str, host: str) -> bool:
    """Our own pages, or a separate front end that may also call the API."""
    return urlsplit(origin).netloc.lower() == host.lower() or origin in settings.CORS_ALLOWED_ORIGINS
