"""The background worker: django-tasks-db's, with retries and a heartbeat.

The heartbeat returns the tasks of killed workers to the queue, which the library does not.
"""

import logging
import os
import time
from datetime import timedelta
from types import FrameType

from django.db import Error as DjangoDatabaseError
from django.db import close_old_connections
from django.tasks.base import TaskResultStatus
from django.utils import timezone
from django_tasks_db.management.commands.db_worker import Worker as DatabaseWorker
from django_tasks_db.models import DBTaskResult

from eventflow.jobs.heartbeat import Heartbeat, requeue_tasks
from eventflow.observability import REQUEST_CONTEXT, RequestContext
from eventflow.tasks import current_path

logger = logging.getLogger(__name__)

RETRY_AFTER = timedelta(seconds=5)
MAX_ATTEMPTS = 50


class QueueWorker(DatabaseWorker):
    """Runs tasks one after another, and survives an outage of the database."""

    def run(self) -> None:
        with Heartbeat(self.worker_id):
            while True:
                try:
                    # A task that a lost connection cut short is still marked as run by this worker.
                    requeue_tasks(self.worker_id.__eq__)
                    return super().run()
                except DjangoDatabaseError as error:
                    # The database is away or not migrated yet, or a running task was deleted:
                    # none of that ends a worker.
                    logger.warning(
                        "worker: the database said no (%s), trying again", type(error).__name__
                    )
                    close_old_connections()
                    time.sleep(1)

    def run_task(self, db_task_result: DBTaskResult) -> None:
        """Run a task in a request context of its own; requeue it later if it fails.

        A mail counts its own failures, so a task fails only with what is under it.
        """
        # Rows of the last release hold the task's former path.
        db_task_result.task_path = current_path(db_task_result.task_path)
        # Logs and audit entries of the task carry its id.
        token = REQUEST_CONTEXT.set(RequestContext(request_id=str(db_task_result.pk)))
        try:
            super().run_task(db_task_result)
        finally:
            REQUEST_CONTEXT.reset(token)
        attempts = len(db_task_result.worker_ids)
        if db_task_result.status == TaskResultStatus.FAILED and attempts < MAX_ATTEMPTS:
            later = timezone.now() + RETRY_AFTER * attempts
            DBTaskResult.objects.failed().filter(pk=db_task_result.pk).update(
                status=TaskResultStatus.READY, run_after=later
            )

    def shutdown(self, signum: int, frame: FrameType | None) -> None:
        """At the first signal the running task may finish. At the second the process ends at once.

        Another worker then takes the task over, as after a kill.
        """
        if not self.running:
            os._exit(1)
        super().shutdown(signum, frame)
