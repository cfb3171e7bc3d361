"""The endpoints of the API, by their routes."""

from django.urls import URLPattern

from eventflow.api import urls as api


def routes():
    """Every address of the API, with something in the place of its parameters."""
    for pattern in api.urlpatterns:
        assert isinstance(pattern, URLPattern)
        yield (
            "/"
            + str(pattern.pattern)
            .replace("<int:pk>", "1")
            .replace("<path:ref>", "1")
            .replace("<str:token>", "x"),
            pattern,
        )


DOCUMENTS = ["/schema/", "/schema/swagger-ui/", "/schema/redoc/", "/docs/", "/redoc/"]
ENDPOINTS = [
    (route, pattern.callback.view_class) for route, pattern in routes() if route not in DOCUMENTS
]
