"""The page `/metrics` that Prometheus reads, for clients with the token.

It is answered beside the request threads, as the probes are: it matters most when those are busy.
"""

import asyncio
import hmac
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from eventflow.observability import health, metrics

# While the database does not answer, nobody knows its numbers; Prometheus draws a gap.
UNKNOWN = float("nan")


async def metrics_page(scope: dict[str, Any]) -> HttpResponse:
    """The metrics of this process and of the installation; 401 without the token."""
    given = dict(scope["headers"]).get(b"authorization", b"")
    if not hmac.compare_digest(given, f"Bearer {settings.METRICS_TOKEN}".encode()):
        return HttpResponse(
            status=401, headers={"WWW-Authenticate": "Bearer", "Content-Length": "0"}
        )
    await update_metrics()
    text = await asyncio.to_thread(generate_latest)
    return HttpResponse(
        text,
        content_type=CONTENT_TYPE_LATEST,
        headers={"Cache-Control": "no-store", "Content-Length": str(len(text))},
    )


async def update_metrics() -> None:
    """Set the gauges that are read anew at each scrape."""
    is_up = await database_numbers.answers()
    metrics.UP.labels("database").set(is_up)
    if not is_up:
        forget_database_metrics()
    if settings.REDIS_URL:
        metrics.UP.labels("redis").set(await health.cache.answers())


def read_database_metrics() -> None:
    """A few short queries, each answered from an index or from rows that are few."""
    try:
        for each in metrics.database_metrics:
            each.read()
    finally:
        connection.close()


def forget_database_metrics() -> None:
    for each in metrics.database_metrics:
        for gauge in each.gauges:
            gauge.set(UNKNOWN)


database_numbers = health.Check(read_database_metrics)
