"""The background worker: django-tasks-db's, plus what it lacks, a reaper for the tasks of killed workers."""

import logging
import os
import time
from datetime import timedelta
from types import FrameType

from django.db import Error as DjangoDatabaseError
from django.db import close_old_connections
from django.tasks.base import TaskResultStatus
from django.utils import timezone
from django_tasks_db.management.commands.db_worker import Worker as TaskWorker
from django_tasks_db.models import DBTaskResult

from eventflow.jobs.heartbeat import Heart, give_back
from eventflow.observability import Trail, trail
from eventflow.tasks import current_path

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
        # Rows of the last release hold the task's former path.
        db_task_result.task_path = current_path(db_task_result.task_path)
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
