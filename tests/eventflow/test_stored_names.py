"""What rows of the database name keeps working when code moves: builders of mails and tasks."""

from typing import Any

import pytest
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from eventflow import mail
from eventflow import tasks as stored_tasks
from eventflow.core.stored_names import StoredNames
from eventflow.jobs import schedule
from eventflow.mail import services
from eventflow.mail.models import Mail
from eventflow.mail.registry import builders
from tests.support import processes
from tests.support.queue_worker import make_worker

# The names in rows of the last release, and the stable ones in rows of this release. A name that
# stands here is in somebody's database: it may be added, and never changed.
MAILS = {
    "accounts.mails.activation": "accounts.activation",
    "accounts.mails.account_exists": "accounts.account_exists",
    "accounts.mails.role_changed": "accounts.role_changed",
    "accounts.mails.unknown_account": "accounts.unknown_account",
    "accounts.mails.address_asked": "accounts.address_asked",
    "accounts.mails.email_changed": "accounts.email_changed",
    "accounts.mails.choose_password": "accounts.choose_password",
    "accounts.mails.account_deleted": "accounts.account_deleted",
    "accounts.mails.rendered": "accounts.rendered",
    "events.mails.door_staff": "events.door_staff",
    "tickets.mails.queued": "tickets.queued",
    "tickets.mails.waits_again": "tickets.waits_again",
    "tickets.mails.confirmed": "tickets.confirmed",
    "tickets.mails.rejected": "tickets.rejected",
    "tickets.mails.cancelled": "tickets.cancelled",
    "tickets.mails.event_cancelled": "tickets.event_cancelled",
    "tickets.mails.moved": "tickets.moved",
    "tickets.mails.reminder": "tickets.reminder",
    "tickets.mails.announcement": "tickets.announcement",
    "tickets.mails.organizer_news": "tickets.organizer_news",
}
TASKS = {
    "eventflow.mail.services.deliver_all": "eventflow.tasks.deliver_mails",
    "eventflow.housekeeping.prune_now": "eventflow.tasks.prune",
    "eventflow.housekeeping.remind_now": "eventflow.tasks.send_reminders",
    "eventflow.housekeeping.tell_organizers_now": "eventflow.tasks.send_organizer_news",
}


def stored_task(path: str, *args: object) -> DBTaskResult:
    """The row that a release with this path left behind, to be run now."""
    return DBTaskResult.objects.create(
        task_path=path,
        args_kwargs={"args": [*args], "kwargs": {}},
        backend_name="default",
        run_after=timezone.now(),
    )


def stored_mail(builder: str, **args: object) -> Mail:
    return Mail.objects.create(builder=builder, args=args, to="reader@example.org", language="en")


def test_names_of_mails_are_those_in_the_database():
    ours = {name for name in builders.functions if not name.startswith("tests.")}
    assert ours == {*MAILS, *MAILS.values()}


@pytest.mark.parametrize(("former", "stable"), MAILS.items())
def test_former_name_of_a_mail_leads_to_its_builder(former, stable):
    builder = builders.get(former)
    assert builder is builders.get(stable)
    assert builders.name_of(builder) == stable
    assert builder.__name__ == stable.rpartition(".")[2]


def test_paths_of_tasks_are_those_in_the_database():
    paths = {task.module_path for task in stored_tasks.tasks.names}
    assert paths == {*TASKS.values()}


@pytest.mark.parametrize(("former", "path"), TASKS.items())
def test_former_path_of_a_task_leads_to_it(former, path):
    assert stored_tasks.current_path(former) == path
    assert stored_tasks.current_path(path) == path


@pytest.mark.both
@pytest.mark.django_db
def test_task_is_stored_under_its_stable_path():
    schedule.prune_task.enqueue()
    (row,) = DBTaskResult.objects.all()
    assert row.task_path == "eventflow.tasks.prune"
    assert row.task_name == "prune"
    assert row.task.func is schedule.prune_task.func


def test_unknown_task_is_an_import_error():
    with pytest.raises(ImportError, match=r"eventflow\.tasks"):
        DBTaskResult(task_path="eventflow.tasks.nothing").task  # noqa: B018  it imports


@pytest.mark.both
@pytest.mark.django_db
@pytest.mark.parametrize("name", ["accounts.mails.account_deleted", "accounts.account_deleted"])
def test_mail_leaves_under_either_name(name, mailoutbox):
    waiting = stored_mail(name)
    services.deliver(waiting.pk)
    waiting.refresh_from_db()
    assert (waiting.state, len(mailoutbox)) == ("sent", 1)


@pytest.mark.both
@pytest.mark.django_db
def test_mail_of_an_unknown_name_waits_for_a_worker_that_knows_it(mailoutbox):
    waiting = stored_mail("tickets.from_the_next_release")
    services.deliver(waiting.pk)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.attempts, mailoutbox) == ("queued", 1, [])
    assert waiting.last_error == "KeyError"


@pytest.mark.both
@pytest.mark.django_db
@pytest.mark.parametrize("name", ["tickets.mails.moved", "tickets.moved"])
def test_recall_finds_mails_under_either_name(name):
    builder = builders.get("tickets.moved")
    waiting = stored_mail(name, event=7)
    assert mail.waiting(builder, event=7) == {"event": 7}
    assert mail.recall(builder, event=7) == 1
    waiting.refresh_from_db()
    assert waiting.state == "dropped"


@pytest.mark.django_db
@pytest.mark.parametrize("former", TASKS)
def test_worker_runs_a_task_under_its_former_path(former):
    row = stored_task(former, *([[]] if former.endswith("deliver_all") else []))
    make_worker().run_task(row)
    row.refresh_from_db()
    assert (row.status, row.traceback) == ("SUCCESSFUL", "")


@pytest.mark.both
@pytest.mark.process("starts a process")
@pytest.mark.django_db(transaction=True)
def test_worker_process_delivers_what_the_last_release_queued(smtp_server):
    waiting = stored_mail("accounts.mails.account_deleted")
    row = stored_task("eventflow.mail.services.deliver_all", [waiting.pk])
    done = processes.run(processes.command("worker", "--batch"), timeout=600, **smtp_server.env)
    assert done.returncode == 0, done.stderr
    row.refresh_from_db()
    assert (row.status, len(smtp_server.letters)) == ("SUCCESSFUL", 1)


def test_registry_refuses_one_name_for_two_functions():
    names = StoredNames[Any]()
    names.add(len, "size", formerly="length")
    with pytest.raises(ValueError, match="length"):
        names.add(max, "most", formerly="length")
