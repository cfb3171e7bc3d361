"""What is out of date goes; what somebody may still ask for stays."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.management import call_command
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from accounts.models import FormerAddress
from eventflow import mail
from eventflow.api.models import Replay
from eventflow.core.audit import AuditEntry
from eventflow.jobs import schedule
from eventflow.mail.models import Mail
from tests.support import mail_builders, processes
from tests.support.factories import make_event, make_person, make_reservation

NOW = timezone.now()


def session(name, age):
    Session.objects.create(session_key=name, session_data="", expire_date=NOW - age)


def replay(name, age):
    Replay.objects.create(key=name, request="", status=200, answer=b"", created=NOW - age)


def letter(state, age):
    mail.queue_to_address(
        mail_builders.note, address="reader@example.org", language="en", args={"subject": "Hello"}
    )
    Mail.objects.filter(pk=Mail.objects.latest("pk").pk).update(state=state, created=NOW - age)


def former_address(age):
    FormerAddress.objects.create(person=make_person(), email="old@example.org", made=NOW - age)


def done(status, age):
    letter("queued", timedelta())
    Mail.objects.latest("pk").delete()
    DBTaskResult.objects.filter(status="READY").update(status=status, finished_at=NOW - age)


@pytest.mark.django_db
def test_prune_deletes_what_is_out_of_date_and_nothing_else(capsys):
    for days in (-1, 1):
        session(f"{days}", timedelta(days=days))
    for hours in (23, 25):
        replay(f"{hours}", timedelta(hours=hours))
    for status in ("SUCCESSFUL", "FAILED"):
        for days in (13, 15):
            done(status, timedelta(days=days))
    for state in ("sent", "dropped", "stuck", "queued"):
        for days in (89, 91):
            letter(state, timedelta(days=days))
    for days in (6, 8):
        former_address(timedelta(days=days))
    waiting = DBTaskResult.objects.filter(status="READY").count()
    call_command("prune")
    told = capsys.readouterr().out.splitlines()
    counts = ["former addresses: 1", "idempotent answers: 1", "tasks: 2", "log-ins: 0", "mails: 2"]
    assert told == ["sessions: 1", "places logged in at: 0", *counts]
    assert [row.made for row in FormerAddress.objects.all()] == [NOW - timedelta(days=6)]
    assert [*Session.objects.values_list("session_key", flat=True)] == ["-1"]
    assert [*Replay.objects.values_list("key", flat=True)] == ["23"]
    assert DBTaskResult.objects.finished().count() == 2
    assert DBTaskResult.objects.filter(status="READY").count() == waiting
    assert sorted(Mail.objects.values_list("state", flat=True)) == [
        "dropped",
        "queued",
        "queued",
        "sent",
        "stuck",
        "stuck",
    ]
    assert set(schedule.prune().values()) == {0}


@pytest.mark.django_db
def test_prune_leaves_the_audit_log_alone():
    make_reservation(make_event())
    AuditEntry.objects.update(at=NOW - timedelta(days=5000))
    entries = AuditEntry.objects.count()
    schedule.prune()
    assert AuditEntry.objects.count() == entries > 0


@pytest.mark.django_db
def test_prune_takes_small_bites(monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(schedule, "ROWS_PER_STATEMENT", 2)
    for number in range(5):
        session(f"{number}", timedelta(days=1))
    # Per bite the keys, and a deletion; the last look finds nothing.
    with django_assert_num_queries(3 * 2 + 1):
        assert schedule.delete_in_batches(Session.objects.filter(expire_date__lt=NOW)) == 5


@pytest.mark.django_db
def test_pruning_is_asked_for_once_an_hour_however_many_ask():
    for _ in range(3):
        schedule.enqueue_due_tasks()
    assert DBTaskResult.objects.filter(task_path="eventflow.tasks.prune").count() == 1
    cache.clear()  # an hour later
    schedule.enqueue_due_tasks()
    assert DBTaskResult.objects.filter(task_path="eventflow.tasks.prune").count() == 2


@pytest.mark.process("the worker under test")
@pytest.mark.django_db(transaction=True)
def test_worker_prunes_by_itself(smtp_server):
    session("old", timedelta(days=1))
    with processes.running(
        processes.command("worker", "--interval", "0.1"), **smtp_server.env, WORKER_BEAT_SECONDS=0.2
    ):
        processes.wait_until(lambda: not Session.objects.exists())
