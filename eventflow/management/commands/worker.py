"""`manage.py worker`: runs one background worker."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils.crypto import get_random_string

from eventflow.jobs.worker import QueueWorker


class Command(BaseCommand):
    help = (
        "Run queued work: mail above all. Start as many as you like; SIGTERM lets the running task "
        "finish."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument(
            "--interval",
            type=float,
            default=0.5,
            help="seconds between two looks at an empty queue (default: 0.5)",
        )
        parser.add_argument("--batch", action="store_true", help="run what is due, then exit")

    def handle(self, *, interval: float, batch: bool, **options: Any) -> None:
        worker = QueueWorker(
            queue_names=["default"],
            interval=interval,
            batch=batch,
            backend_name="default",
            startup_delay=False,
            max_tasks=None,
            worker_id=get_random_string(32),
            excluded_queue_names=[],
        )
        worker.configure_signals()
        worker.run()
