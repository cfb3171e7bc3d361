"""The product's worker in the process of the tests, where only what it does is looked at."""

from eventflow.jobs.worker import QueueWorker


def make_worker() -> QueueWorker:
    """A worker that takes what is due now, and then ends."""
    return QueueWorker(
        queue_names=["default"],
        interval=0,
        batch=True,
        backend_name="default",
        startup_delay=False,
        max_tasks=None,
        worker_id="in-this-process",
        excluded_queue_names=[],
    )
