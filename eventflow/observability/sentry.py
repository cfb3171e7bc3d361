"""Errors sent to Sentry, if somebody set SENTRY_DSN: what broke and where, and nothing of whoever met it.

What leaves the house is built from a list of what may, not by taking away what may not (docs/decisions/0021-what-sentry-is-told.md).
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

from eventflow.observability.request_context import current

logger = logging.getLogger(__name__)

# What is not sent by then is lost: an end in order comes before a report about it.
SHUTDOWN_SECONDS = 1
# More errors than this at once say nothing new; beyond it they are dropped, and nobody waits.
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
# Loggers whose messages are literals in code that we know; the values filled into them are never sent.
OURS = ("eventflow", "accounts", "events", "tickets", "django")


def start(dsn: str, *, release: str, environment: str) -> None:
    """From now on errors that are logged, or that nobody caught, are sent by a thread of its own. An unusable DSN is logged and changes nothing."""
    try:
        sentry_sdk.init(
            dsn=dsn,
            release=release,
            environment=environment,
            # Named one by one: those that come by themselves read requests, wrap every middleware and keep what is logged.
            default_integrations=False,
            auto_enabling_integrations=False,
            integrations=[
                LoggingIntegration(level=None, event_level=logging.ERROR, sentry_logs_level=None),
                ExcepthookIntegration(),
                ThreadingIntegration(propagate_scope=False),
                DedupeIntegration(),
                AtexitIntegration(callback=lambda pending, timeout: None),
            ],
            before_send=reduced,
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


def reduced(event: Any, hint: Any) -> Any:
    """The event with nothing but what stands here."""
    trail = current()
    told = {name: event[name] for name in EVENT if name in event}
    told["tags"] = {"request_id": trail.request_id, "route": trail.route or "none"}
    told["user"] = {"id": trail.person_id} if trail.person_id else {}
    if event.get("logger", "").startswith(OURS) and "logentry" in event:
        told["logentry"] = {"message": event["logentry"].get("message", "")}
    if "exception" in event:
        told["exception"] = {
            "values": [without_words(exception) for exception in event["exception"]["values"]]
        }
    return told


def without_words(exception: dict[str, Any]) -> dict[str, Any]:
    """Its class and where it was raised. Its message may repeat what somebody typed."""
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
