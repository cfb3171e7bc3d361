"""What workers do by the clock: reminders, news for organizers, and the pruning of old rows.

`manage.py prune` runs the pruning at once.
"""

from datetime import timedelta

from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db.models import Q, QuerySet
from django.tasks import Task
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from accounts import login_sessions
from accounts.models import FormerAddress
from accounts.signed_links import UNDO_PERIOD
from eventflow.api import idempotency
from eventflow.core.audit import AuditEntry
from eventflow.mail.models import Mail
from eventflow.tasks import stored_task
from tickets.messages import organizer_news, reminders

# For an operator: a finished task shows what ran lately; a sent mail, whether a person was mailed.
TASK_RETENTION, MAIL_RETENTION = timedelta(days=14), timedelta(days=90)
# Log-ins and log-outs, of which any client can cause more: long enough to investigate an attack.
LOGIN_RETENTION = timedelta(days=180)
LOGINS = Q(action__startswith="login.") | Q(action__in=["logout", "second_factor.fail"])
# Rows a statement: no lock is held for long, however much there is.
ROWS_PER_STATEMENT = 500


def prune() -> dict[str, int]:
    """Delete rows past their retention. Returns how many of each kind.

    Of the audit log only log-ins and log-outs are deleted.
    """
    now = timezone.now()
    return {
        "sessions": delete_in_batches(Session.objects.filter(expire_date__lt=now)),
        "places logged in at": delete_in_batches(login_sessions.rows_without_session()),
        "former addresses": delete_in_batches(
            FormerAddress.objects.filter(made__lt=now - UNDO_PERIOD)
        ),
        "idempotent answers": delete_in_batches(idempotency.expired_replays()),
        "tasks": delete_in_batches(
            DBTaskResult.objects.finished().filter(finished_at__lt=now - TASK_RETENTION)
        ),
        "log-ins": delete_in_batches(
            AuditEntry.objects.filter(LOGINS, at__lt=now - LOGIN_RETENTION)
        ),
        "mails": delete_in_batches(
            Mail.objects.filter(
                state__in=[Mail.State.SENT, Mail.State.DROPPED], created__lt=now - MAIL_RETENTION
            )
        ),
    }


def delete_in_batches(rows: QuerySet) -> int:
    """Delete these rows, ROWS_PER_STATEMENT at a time. Returns how many, cascades included."""
    deleted = 0
    while keys := list(rows.values_list("pk", flat=True)[:ROWS_PER_STATEMENT]):
        deleted += rows.model._default_manager.filter(pk__in=keys).delete()[0]
    return deleted


@stored_task("prune", formerly="eventflow.housekeeping.prune_now")
def prune_task() -> dict[str, int]:
    return prune()


@stored_task("send_reminders", formerly="eventflow.housekeeping.remind_now")
def send_reminders_task() -> int:
    return reminders.remind_all()


@stored_task("send_organizer_news", formerly="eventflow.housekeeping.tell_organizers_now")
def send_organizer_news_task() -> int:
    return organizer_news.queue_due_mails()


# Each task, and the time between two runs.
SCHEDULE: dict[str, tuple[Task, timedelta]] = {
    "prune": (prune_task, timedelta(hours=1)),
    "reminders": (send_reminders_task, timedelta(minutes=5)),
    "organizers": (send_organizer_news_task, timedelta(minutes=1)),
}


def enqueue_due_tasks() -> None:
    """Enqueue each task of the schedule that is due; of several workers the first one does.

    They are tasks because a heartbeat must not wait for them.
    """
    for name, (scheduled, every) in SCHEDULE.items():
        if cache.add(f"housekeeping:{name}", 1, timeout=every.total_seconds()):
            scheduled.enqueue()
