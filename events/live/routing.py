"""The addresses of sockets."""

from django.urls import path, re_path

from events.live.consumers import NumbersConsumer, nothing_here

sockets = [
    path("ws/events/<int:pk>/", NumbersConsumer.as_asgi()),
    re_path(r"", nothing_here),  # type: ignore[arg-type]
]
