"""The metrics of events."""

from django.db.models import Sum
from django.utils import timezone

from eventflow.observability import metrics
from events.models import Event


@metrics.reads_from_database(metrics.QUEUE)
def read_queue_length() -> None:
    """How many reservations wait at published events that have not ended."""
    to_come = Event.objects.filter(status=Event.Status.PUBLISHED, end_time__gt=timezone.now())
    metrics.QUEUE.set(to_come.aggregate(waiting=Sum("pending_count", default=0))["waiting"])
