"""The access log: one line and one count a request."""

import logging
from typing import Any

from django.conf import settings

from eventflow.observability import get_request_context, mask_path, metrics

access = logging.getLogger("eventflow.access")


def log_access(protocol: str, action: str, details: dict[str, Any]) -> None:
    """Count a request, and write a line about it unless it asked for a static file.

    The line has no query string, and secrets in the path are masked. Takes what daphne gives to its
    action logger.
    """
    if protocol != "http":
        return
    method, status, seconds = details["method"], details["status"], details["time_taken"]
    path = details["path"].split("?", 1)[0]
    is_static = path.startswith(settings.STATIC_URL)
    route = get_request_context().route or ("static" if is_static else "none")
    metrics.count_request(route, method, status, seconds)
    if not is_static:
        path, ms = mask_path(path), round(seconds * 1000)
        fields = {"method": method, "path": path, "route": route, "status": status, "ms": ms}
        access.info("%s %s %s %d ms", method, path, status, ms, extra={"access": fields})
