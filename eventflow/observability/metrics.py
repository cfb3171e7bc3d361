"""The telemetry for Prometheus: every metric by name, and who reads those that the database knows.

Labels are names of routes, methods, codes and verbs: they stay few, whatever clients send.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from prometheus_client import Counter, Gauge, Histogram

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

# --- Of this process --------------------------------------------------------------------------

REQUESTS = Counter(
    "eventflow_requests", "Answers, by the name of the route.", ["route", "method", "status"]
)
REQUEST_SECONDS = Histogram(
    "eventflow_request_seconds",
    "From the whole request received to the last byte of the answer handed over.",
    ["route"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
RUNNING = Gauge("eventflow_requests_running", "Requests that have a thread.")
WAITING = Gauge("eventflow_requests_waiting", "Requests that wait for a thread.")
SOCKETS = Gauge("eventflow_sockets", "WebSockets open.")
DECISION_SECONDS = Histogram(
    "eventflow_decision_seconds",
    "A decision about the queue, with its wait for the event's lock; refusals too.",
    ["verb"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)

# --- Of the installation: read from the database at each scrape, the same in every process -----

UP = Gauge("eventflow_up", "Whether this process reaches what it depends on.", ["dependency"])
QUEUE = Gauge("eventflow_queue_length", "Reservations that wait, at events to come.")
MAIL = Gauge("eventflow_mail", "Mails that wait to leave, and mails that were given up.", ["state"])
MAIL_OLDEST_SECONDS = Gauge(
    "eventflow_mail_oldest_seconds", "How long the oldest mail waits; 0 when none does."
)
TASKS = Gauge("eventflow_tasks", "Tasks that are due, and tasks that run.", ["state"])
WORKERS = Gauge("eventflow_workers", "Workers with a sign of life.")


def count_request(route: str, method: str, status: int, seconds: float) -> None:
    """Count one answer and its duration. Unknown methods count as `other`."""
    REQUESTS.labels(route, method if method in METHODS else "other", status).inc()
    REQUEST_SECONDS.labels(route).observe(seconds)


# --- Who reads the metrics of the installation --------------------------------------------------


@dataclass(frozen=True)
class DatabaseMetrics:
    """Gauges, and the function that sets them from the database."""

    read: Callable[[], None]
    gauges: Sequence[Gauge]


# Filled while modules are imported.
database_metrics: list[DatabaseMetrics] = []


def reads_from_database(*gauges: Gauge) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Register a function that sets these gauges (a labelled one by its label) at each scrape."""

    def register(read: Callable[[], None]) -> Callable[[], None]:
        database_metrics.append(DatabaseMetrics(read, gauges))
        return read

    return register
