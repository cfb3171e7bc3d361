"""The endpoints of the API, by their routes."""

from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern

from eventflow.api import urls as api


def routes() -> Iterator[tuple[str, Any]]:
    """Yield (address, pattern) of the API; parameters have a value."""
    values = {"<int:pk>": "1", "<path:ref>": "1", "<str:token>": "x"}
    for pattern in api.urlpatterns:
        assert isinstance(pattern, URLPattern)
        address = f"/{pattern.pattern}"
        for parameter, value in values.items():
            address = address.replace(parameter, value)
        yield address, pattern


DOCUMENTS = ["/schema/", "/schema/swagger-ui/", "/schema/redoc/", "/docs/", "/redoc/"]
ENDPOINTS = [
    (route, pattern.callback.view_class) for route, pattern in routes() if route not in DOCUMENTS
]
