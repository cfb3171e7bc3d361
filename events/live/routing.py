"""The addresses of sockets."""

from django.urls import URLPattern, path, re_path

from events.live.consumers import MetricsConsumer, close_unknown_path
from events.live.feeds import FeedRegistry


def socket_routes(feeds: FeedRegistry) -> list[URLPattern]:
    """The routes of all sockets, which subscribe to these feeds."""
    return [
        path("ws/events/<int:pk>/", MetricsConsumer.as_asgi(feeds=feeds)),
        re_path(r"", close_unknown_path),  # type: ignore[arg-type]
    ]
