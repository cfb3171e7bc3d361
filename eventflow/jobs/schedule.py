"""What is to be done by the clock: reminders the day before, and the end of what nobody needs any more (also `manage.py prune`)."""

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

# A task that is done tells an operator what ran lately; a mail, whether somebody was written to who says they weren't.
TASKS_KEPT, MAIL_KEPT = timedelta(days=14), timedelta(days=90)
# Log-ins and log-outs, of which anybody can cause more: long enough to look into what happened.
LOGINS_KEPT = timedelta(days=180)
LOGINS = Q(action__startswith="login.") | Q(action__in=["logout", "second_factor.fail"])
# Rows a statement: no lock is held for long, however much there is.
BATCH = 500


def prune() -> dict[str, int]:
    """Delete what is out of date. Returns how many rows of what. The audit log stays, but for log-ins."""
    now = timezone.now()
    return {
        "sessions": delete(Session.objects.filter(expire_date__lt=now)),
        "places logged in at": delete(login_sessions.rows_without_session()),
        "former addresses": delete(FormerAddress.objects.filter(made__lt=now - UNDO_PERIOD)),
        "idempotent answers": delete(idempotency.expired_replays()),
        "tasks": delete(DBTaskResult.objects.finished().filter(finished_at__lt=now - TASKS_KEPT)),
        "log-ins": delete(AuditEntry.objects.filter(LOGINS, at__lt=now - LOGINS_KEPT)),
        "mails": delete(
            Mail.objects.filter(
                state__in=[Mail.State.SENT, Mail.State.DROPPED], created__lt=now - MAIL_KEPT
            )
        ),
    }


def delete(rows: QuerySet) -> int:
    deleted = 0
    while keys := list(rows.values_list("pk", flat=True)[:BATCH]):
        deleted += rows.model._default_manager.filter(pk__in=keys).delete()[0]
    return deleted


@stored_task("prune", formerly="eventflow.housekeeping.prune_now")
def prune_now() -> dict[str, int]:
    return prune()


@stored_task("send_reminders", formerly="eventflow.housekeeping.remind_now")
def remind_now() -> int:
    return reminders.remind_all()


@stored_task("send_organizer_news", formerly="eventflow.housekeeping.tell_organizers_now")
def tell_organizers_now() -> int:
    return organizer_news.tell_all()


# What is done how often.
ROUNDS: dict[str, tuple[Task, timedelta]] = {
    "prune": (prune_now, timedelta(hours=1)),
    "reminders": (remind_now, timedelta(minutes=5)),
    "organizers": (tell_organizers_now, timedelta(minutes=1)),
}


def queue_what_is_due() -> None:
    """Have each thing done in its time, whichever worker asks first; as tasks, because the worker's heart must not stop for them."""
    for name, (work, every) in ROUNDS.items():
        if cache.add(f"housekeeping:{name}", 1, timeout=every.total_seconds()):
            work.enqueue()
