"""The metrics of background tasks and their workers."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from eventflow.jobs.models import Worker
from eventflow.observability import metrics


@metrics.reads_from_database(
    metrics.TASKS.labels("due"), metrics.TASKS.labels("running"), metrics.WORKERS
)
def read_task_metrics() -> None:
    """How many tasks are due and running, and how many workers gave a sign of life."""
    alive_since = timezone.now() - timedelta(seconds=4 * settings.WORKER_BEAT_SECONDS)
    metrics.TASKS.labels("due").set(DBTaskResult.objects.ready().count())
    metrics.TASKS.labels("running").set(DBTaskResult.objects.running().count())
    metrics.WORKERS.set(Worker.objects.filter(seen_at__gt=alive_since).count())
