"""What an operator sees of EventFlow: logs, telemetry, probes, and errors sent to Sentry.

Nothing private is in any of them. Every other package may import this one. It imports nothing of
EventFlow; what the other packages measure, they register here.
"""

from eventflow.observability.masks import mask_path, mask_text
from eventflow.observability.outages import Outage
from eventflow.observability.request_context import (
    REQUEST_CONTEXT,
    RequestContext,
    choose_request_id,
    get_request_context,
)

__all__ = [
    "REQUEST_CONTEXT",
    "Outage",
    "RequestContext",
    "choose_request_id",
    "get_request_context",
    "mask_path",
    "mask_text",
]
