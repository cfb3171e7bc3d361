"""The heartbeat of each worker, and the requeueing of tasks whose worker has none any more."""

import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import Error as DjangoDatabaseError
from django.db import close_old_connections, connection
from django.tasks.base import TaskResultStatus
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from eventflow.jobs import schedule
from eventflow.jobs.models import Worker

logger = logging.getLogger(__name__)


class Heartbeat:
    """A thread that beats every WORKER_BEAT_SECONDS, as a context manager around the work.

    Each beat updates the worker's row and its pulse file, requeues stale tasks and enqueues what
    the schedule says is due.
    """

    def __init__(self, worker_id: str) -> None:
        self.worker_id = worker_id
        self.stopped = threading.Event()
        self.thread = threading.Thread(
            target=self.beat_until_stopped, name="heartbeat", daemon=True
        )

    def __enter__(self) -> None:
        self.beat()
        self.thread.start()

    def __exit__(self, *exc_info: object) -> None:
        self.stopped.set()
        self.thread.join(timeout=5)
        Worker.objects.filter(pk=self.worker_id).delete()

    def beat_until_stopped(self) -> None:
        while not self.stopped.wait(settings.WORKER_BEAT_SECONDS):
            self.beat()
        connection.close()

    def beat(self) -> None:
        try:
            close_old_connections()
            Worker.objects.update_or_create(pk=self.worker_id, defaults={"seen_at": timezone.now()})
            if settings.WORKER_PULSE_FILE:
                Path(settings.WORKER_PULSE_FILE).touch()
            requeue_stale_tasks()
            schedule.enqueue_due_tasks()
        except DjangoDatabaseError as error:
            logger.warning("worker: no sign of life written (%s)", type(error).__name__)


def requeue_stale_tasks() -> int:
    """Requeue the running tasks of workers that are silent for four beats. Returns how many.

    Rows of workers that are silent for a day more are deleted.
    """
    silent_since = timezone.now() - timedelta(seconds=4 * settings.WORKER_BEAT_SECONDS)
    alive = set(Worker.objects.filter(seen_at__gt=silent_since).values_list("pk", flat=True))
    requeued = requeue_tasks(lambda worker_id: worker_id not in alive)
    Worker.objects.filter(seen_at__lt=silent_since - timedelta(days=1)).delete()
    return requeued


def requeue_tasks(is_gone: Callable[[str], bool]) -> int:
    """Make the running tasks ready again whose last worker `is_gone`. Returns how many."""
    requeued = 0
    for task in DBTaskResult.objects.running().only("pk", "worker_ids", "started_at"):
        if is_gone(task.worker_ids[-1]):
            # Not if another process has requeued it meanwhile and it runs again.
            same = DBTaskResult.objects.running().filter(pk=task.pk, started_at=task.started_at)
            requeued += same.update(status=TaskResultStatus.READY, started_at=None)
    if requeued:
        logger.warning("worker: took over %s task(s) of a worker that is gone", requeued)
    return requeued
