"""The metrics of the outbox."""

from django.db.models import Count, Min
from django.utils import timezone

from eventflow.mail.models import Mail
from eventflow.observability import metrics


@metrics.reads_from_database(
    metrics.MAIL.labels("queued"), metrics.MAIL.labels("stuck"), metrics.MAIL_OLDEST_SECONDS
)
def read_mail_metrics() -> None:
    """How many mails wait and are stuck, and how many seconds the oldest one waits."""
    queued = Mail.objects.filter(state=Mail.State.QUEUED).aggregate(
        count=Count("pk"), oldest=Min("created")
    )
    oldest = queued["oldest"]
    seconds = max(0.0, (timezone.now() - oldest).total_seconds()) if oldest else 0
    metrics.MAIL.labels("queued").set(queued["count"])
    metrics.MAIL.labels("stuck").set(Mail.objects.filter(state=Mail.State.STUCK).count())
    metrics.MAIL_OLDEST_SECONDS.set(seconds)
