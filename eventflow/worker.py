"""The background worker: django-tasks-db's, plus what it lacks, a reaper for the tasks of killed workers."""

import logging
import os
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import FrameType

from django.conf import settings
from django.db import Error as DjangoDatabaseError
from django.db import close_old_connections, connection
from django.tasks.base import TaskResultStatus
from django.utils import timezone
from django_tasks_db.management.commands.db_worker import Worker as TaskWorker
from django_tasks_db.models import DBTaskResult

from eventflow import housekeeping
from eventflow.mail.models import Worker
from eventflow.observability import Trail, trail

logger = logging.getLogger(__name__)

RETRY_AFTER = timedelta(seconds=5)
MOST_ATTEMPTS = 50


class ReapingWorker(TaskWorker):
    """Runs tasks, says every few seconds that it lives, and frees the tasks of those that no longer do."""

    def run(self) -> None:
        with Heart(self.worker_id):
            while True:
                try:
                    # What the lost connection cut short says that we are running it; nobody is.
                    give_back(self.worker_id.__eq__)
                    return super().run()
                except DjangoDatabaseError as error:
                    # It is away, or not migrated yet, or a task was deleted while it ran: none of that ends a worker.
                    logger.warning(
                        "worker: the database said no (%s), trying again", type(error).__name__
                    )
                    close_old_connections()
                    time.sleep(1)

    def run_task(self, db_task_result: DBTaskResult) -> None:
        """Run it, and put it off when it fails. Mails keep their own account of failures, so what fails here is the machinery under them."""
        # What is done for it finds its way into logs and audit under its own id.
        token = trail.set(Trail(request_id=str(db_task_result.pk)))
        try:
            super().run_task(db_task_result)
        finally:
            trail.reset(token)
        attempts = len(db_task_result.worker_ids)
        if db_task_result.status == TaskResultStatus.FAILED and attempts < MOST_ATTEMPTS:
            later = timezone.now() + RETRY_AFTER * attempts
            DBTaskResult.objects.failed().filter(pk=db_task_result.pk).update(
                status=TaskResultStatus.READY, run_after=later
            )

    def shutdown(self, signum: int, frame: FrameType | None) -> None:
        """Asked once, the running task may finish. Asked twice, it is dropped as by a kill, and so given to another worker."""
        if not self.running:
            os._exit(1)
        super().shutdown(signum, frame)


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
            housekeeping.queue_what_is_due()
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
