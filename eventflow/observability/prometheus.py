"""What Prometheus reads: /metrics, for whoever has the token.

Answered beside the request threads, as the probes are, for it matters most when those are busy.
"""

import asyncio
import hmac
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Count, Min, Sum
from django.http import HttpResponse
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from eventflow.jobs.models import Worker
from eventflow.mail.models import Mail
from eventflow.observability import health, metrics
from events.models import Event

# While the database can't be asked nobody knows these; Prometheus draws a gap.
FROM_DATABASE = [metrics.QUEUE, metrics.MAIL_OLDEST_SECONDS, metrics.WORKERS]
BY_STATE = {metrics.MAIL: ("queued", "stuck"), metrics.TASKS: ("due", "running")}
UNKNOWN = float("nan")


async def metrics_page(scope: dict[str, Any]) -> HttpResponse:
    """The numbers of this process and of the installation; 401 without the token."""
    given = dict(scope["headers"]).get(b"authorization", b"")
    if not hmac.compare_digest(given, f"Bearer {settings.METRICS_TOKEN}".encode()):
        return HttpResponse(
            status=401, headers={"WWW-Authenticate": "Bearer", "Content-Length": "0"}
        )
    await look()
    text = await asyncio.to_thread(generate_latest)
    return HttpResponse(
        text,
        content_type=CONTENT_TYPE_LATEST,
        headers={"Cache-Control": "no-store", "Content-Length": str(len(text))},
    )


async def look() -> None:
    is_up = await numbers.answers()
    metrics.UP.labels("database").set(is_up)
    if not is_up:
        forget_numbers()
    if settings.REDIS_URL:
        metrics.UP.labels("redis").set(await health.cache.answers())


def ask_numbers() -> None:
    """Five short questions, each answered from an index or from rows that are few."""
    try:
        now = timezone.now()
        to_come = Event.objects.filter(status=Event.Status.PUBLISHED, end_time__gt=now)
        queued = Mail.objects.filter(state=Mail.State.QUEUED).aggregate(
            count=Count("pk"), oldest=Min("created")
        )
        alive_since = now - timedelta(seconds=4 * settings.WORKER_BEAT_SECONDS)
        metrics.QUEUE.set(to_come.aggregate(waiting=Sum("pending_count", default=0))["waiting"])
        metrics.MAIL.labels("queued").set(queued["count"])
        metrics.MAIL.labels("stuck").set(Mail.objects.filter(state=Mail.State.STUCK).count())
        metrics.MAIL_OLDEST_SECONDS.set(
            max(0.0, (now - queued["oldest"]).total_seconds()) if queued["oldest"] else 0
        )
        metrics.TASKS.labels("due").set(DBTaskResult.objects.ready().count())
        metrics.TASKS.labels("running").set(DBTaskResult.objects.running().count())
        metrics.WORKERS.set(Worker.objects.filter(seen_at__gt=alive_since).count())
    finally:
        connection.close()


def forget_numbers() -> None:
    for gauge in FROM_DATABASE:
        gauge.set(UNKNOWN)
    for gauge, states in BY_STATE.items():
        for state in states:
            gauge.labels(state).set(UNKNOWN)


numbers = health.Check(ask_numbers)
