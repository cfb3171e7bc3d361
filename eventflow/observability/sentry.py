"""Sends errors to Sentry if SENTRY_DSN is set: what broke and where, without personal data.

An event is built from a list of allowed fields (docs/decisions/0021-what-sentry-is-reduced.md).
"""

import logging
from typing import Any

import sentry_sdk
from sentry_sdk.integrations.atexit import AtexitIntegration
from sentry_sdk.integrations.dedupe import DedupeIntegration
from sentry_sdk.integrations.excepthook import ExcepthookIntegration
from sentry_sdk.integrations.logging import LoggingIntegration
from sentry_sdk.integrations.threading import ThreadingIntegration
from sentry_sdk.utils import BadDsn

from eventflow.observability.request_context import get_request_context

logger = logging.getLogger(__name__)

# What is not sent by then is lost: an orderly shutdown matters more than a report.
SHUTDOWN_SECONDS = 1
# More errors at once say nothing new: they are dropped, and no request waits.
WAITING_EVENTS = 100
EVENT = ("event_id", "timestamp", "level", "logger", "platform", "release", "environment")
FRAME = (
    "filename",
    "module",
    "function",
    "lineno",
    "pre_context",
    "context_line",
    "post_context",
    "in_app",
)
# Loggers whose messages are literals in known code; the values filled into them are never sent.
OURS = ("eventflow", "accounts", "events", "tickets", "django")


def start(dsn: str, *, release: str, environment: str) -> None:
    """Send logged and uncaught errors from now on, by a thread of its own.

    An unusable DSN is logged and changes nothing else.
    """
    try:
        sentry_sdk.init(
            dsn=dsn,
            release=release,
            environment=environment,
            # Named one by one: the default integrations read requests, wrap every middleware and
            # keep what is logged.
            default_integrations=False,
            auto_enabling_integrations=False,
            integrations=[
                LoggingIntegration(level=None, event_level=logging.ERROR, sentry_logs_level=None),
                ExcepthookIntegration(),
                ThreadingIntegration(propagate_scope=False),
                DedupeIntegration(),
                AtexitIntegration(callback=lambda pending, timeout: None),
            ],
            before_send=reduce_event,
            before_breadcrumb=lambda crumb, hint: None,
            max_breadcrumbs=0,
            send_default_pii=False,
            include_local_variables=False,
            max_request_body_size="never",
            server_name="",
            auto_session_tracking=False,
            send_client_reports=False,
            transport_queue_size=WAITING_EVENTS,
            shutdown_timeout=SHUTDOWN_SECONDS,
        )
    except BadDsn as error:
        logger.warning("SENTRY_DSN can't be used (%s): errors are logged only", error)


def reduce_event(event: Any, hint: Any) -> Any:
    """The event with the allowed fields alone."""
    context = get_request_context()
    reduced = {name: event[name] for name in EVENT if name in event}
    reduced["tags"] = {"request_id": context.request_id, "route": context.route or "none"}
    reduced["user"] = {"id": context.person_id} if context.person_id else {}
    if event.get("logger", "").startswith(OURS) and "logentry" in event:
        reduced["logentry"] = {"message": event["logentry"].get("message", "")}
    if "exception" in event:
        reduced["exception"] = {
            "values": [strip_message(exception) for exception in event["exception"]["values"]]
        }
    return reduced


def strip_message(exception: dict[str, Any]) -> dict[str, Any]:
    """The exception without its message, which may repeat what a person typed: class and frames."""
    frames = (exception.get("stacktrace") or {}).get("frames", [])
    stacktrace = {
        "frames": [{name: frame[name] for name in FRAME if name in frame} for frame in frames]
    }
    return {
        "type": exception.get("type"),
        "module": exception.get("module"),
        "stacktrace": stacktrace,
        "mechanism": exception.get("mechanism"),
    }
