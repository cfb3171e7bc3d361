"""What an operator sees of EventFlow: log lines, numbers, and errors sent to Sentry; and nothing private in any of them.

A leaf: whatever is looked at may import it, and it imports none of it.
"""

from eventflow.observability.masks import scrubbed, without_secrets
from eventflow.observability.outages import Outage
from eventflow.observability.request_context import Trail, current, request_id_for, trail

__all__ = ["Outage", "Trail", "current", "request_id_for", "scrubbed", "trail", "without_secrets"]
