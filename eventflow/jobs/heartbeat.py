"""The sign of life of each worker, and the return of tasks whose worker has none any more."""

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


class Heart:
    """A thread that keeps the worker's sign of life fresh and reaps; used as a context manager around the work."""

    def __init__(self, worker_id: str) -> None:
        self.worker_id = worker_id
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.beat_until_stopped, name="heart", daemon=True)

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
            reap()
            schedule.queue_what_is_due()
        except DjangoDatabaseError as error:
            logger.warning("worker: no sign of life written (%s)", type(error).__name__)


def reap() -> int:
    """Give back the tasks that run under a worker without a sign of life; forget such workers. Returns how many tasks."""
    silent_since = timezone.now() - timedelta(seconds=4 * settings.WORKER_BEAT_SECONDS)
    alive = set(Worker.objects.filter(seen_at__gt=silent_since).values_list("pk", flat=True))
    freed = give_back(lambda worker_id: worker_id not in alive)
    Worker.objects.filter(seen_at__lt=silent_since - timedelta(days=1)).delete()
    return freed


def give_back(is_gone: Callable[[str], bool]) -> int:
    """Let others take up the running tasks whose last worker is gone. Returns how many."""
    freed = 0
    for task in DBTaskResult.objects.running().only("pk", "worker_ids", "started_at"):
        if is_gone(task.worker_ids[-1]):
            still = DBTaskResult.objects.running().filter(pk=task.pk, started_at=task.started_at)
            freed += still.update(status=TaskResultStatus.READY, started_at=None)
    if freed:
        logger.warning("worker: took over %s task(s) of a worker that is gone", freed)
    return freed
