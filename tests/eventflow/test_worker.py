"""What the worker survives.

Each worker here is a process of its own, and what happens to it is real.
"""

import signal
import subprocess
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from eventflow import mail
from eventflow.jobs.heartbeat import requeue_stale_tasks
from eventflow.jobs.models import Worker
from eventflow.mail.models import Mail
from tests.support import mail_builders, processes

pytestmark = [pytest.mark.both, pytest.mark.django_db(transaction=True)]
BEAT = 0.2


def write(subject):
    mail.queue_to_address(
        mail_builders.note, address="reader@example.org", language="en", args={"subject": subject}
    )
    return Mail.objects.latest("id")


def worker(smtp_server, **env):
    return processes.running(
        processes.command("worker", "--interval", "0.1"),
        **smtp_server.env,
        WORKER_BEAT_SECONDS=BEAT,
        **env,
    )


def running_task(worker_id):
    """A task that says it is being run by this worker."""
    write("Any")
    task = DBTaskResult.objects.latest("enqueued_at")
    task.claim(worker_id)
    return task


def status(task):
    task.refresh_from_db()
    return task.status


@pytest.mark.process("the worker under test")
def test_task_of_a_killed_worker_is_requeued_and_keeps_its_message_id(smtp_server):
    queued = write("Twice at most")
    smtp_server.stalled.set()
    with worker(smtp_server) as first:
        processes.wait_until(lambda: smtp_server.offered)
        first.kill()
    smtp_server.stalled.clear()
    with worker(smtp_server):
        processes.wait_until(lambda: Mail.objects.get().state == "sent")
        processes.wait_until(lambda: not DBTaskResult.objects.exclude(status="SUCCESSFUL").exists())
    assert [letter["Message-ID"] for letter in smtp_server.offered] == [queued.message_id] * 2


@pytest.mark.process("the worker under test")
def test_sigterm_lets_the_running_task_finish(smtp_server):
    write("Nearly there")
    smtp_server.stalled.set()
    with worker(smtp_server) as process:
        processes.wait_until(lambda: smtp_server.offered)
        process.terminate()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0.5)
        smtp_server.stalled.clear()
        process.wait(timeout=60)
    assert Mail.objects.get().state == "sent"
    assert [
        task.status
        for task in DBTaskResult.objects.filter(task_path="eventflow.tasks.deliver_mails")
    ] == ["SUCCESSFUL"]
    assert not Worker.objects.exists()


@pytest.mark.process("the worker under test")
@pytest.mark.once(on="postgresql")
@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_idle_worker_ends_at_one_signal_and_deletes_its_row(smtp_server, signum):
    write("Then nothing more")
    with worker(smtp_server) as process:
        processes.wait_until(lambda: DBTaskResult.objects.successful().exists())
        assert Worker.objects.count() == 1
        process.send_signal(signum)
        # It takes 0.2 s, and a process on a machine with much else to do 5 s.
        assert process.wait(timeout=60) == 0
    assert not Worker.objects.exists()


@pytest.mark.process("the worker under test")
@pytest.mark.once(on="postgresql")
def test_worker_touches_its_pulse_file_while_it_lives(smtp_server, tmp_path):
    pulse = tmp_path / "pulse"
    with worker(smtp_server, WORKER_PULSE_FILE=pulse) as process:
        processes.wait_until(pulse.exists)
        first = pulse.stat().st_mtime_ns
        processes.wait_until(lambda: pulse.stat().st_mtime_ns > first)
        # One that hangs is as good as dead.
        process.send_signal(signal.SIGSTOP)
        last = pulse.stat().st_mtime_ns
        time.sleep(5 * BEAT)
        assert pulse.stat().st_mtime_ns == last


@pytest.mark.process("the worker under test")
def test_two_signals_interrupt_the_task_but_lose_no_mail(smtp_server):
    """The impatient operator: the delivery is cut short, and the next worker does it again."""
    write("Interrupted")
    smtp_server.stalled.set()
    with worker(smtp_server) as process:
        processes.wait_until(lambda: smtp_server.offered)
        process.terminate()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0.5)
        process.terminate()
        smtp_server.stalled.clear()
        process.wait(timeout=60)
    with worker(smtp_server):
        processes.wait_until(lambda: Mail.objects.get().state == "sent")


@pytest.mark.process("the worker under test")
def test_worker_survives_the_deletion_of_its_running_task(smtp_server):
    write("Deleted")
    smtp_server.stalled.set()
    with worker(smtp_server):
        processes.wait_until(lambda: smtp_server.offered)
        DBTaskResult.objects.all().delete()
        smtp_server.stalled.clear()
        processes.wait_until(lambda: smtp_server.letters)
        write("Next")
        processes.wait_until(lambda: smtp_server.subjects() == ["Deleted", "Next"])


@pytest.mark.process("the worker under test")
@pytest.mark.postgresql
def test_worker_whose_connection_is_cut_during_a_task_runs_it_again(
    smtp_server,
):
    write("Cut off")
    smtp_server.stalled.set()
    with worker(smtp_server), worker(smtp_server):
        processes.wait_until(lambda: smtp_server.offered)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
                "current_database() AND pid != pg_backend_pid()"
            )
        smtp_server.stalled.clear()
        processes.wait_until(lambda: Mail.objects.get().state == "sent")
        processes.wait_until(lambda: not DBTaskResult.objects.running().exists())


def test_reap_leaves_the_tasks_of_the_living_alone(settings):
    Worker.objects.create(pk="alive", seen_at=timezone.now())
    Worker.objects.create(
        pk="silent", seen_at=timezone.now() - timedelta(seconds=5 * settings.WORKER_BEAT_SECONDS)
    )
    theirs, orphan, unknown = (
        running_task("alive"),
        running_task("silent"),
        running_task("never heard of"),
    )
    assert requeue_stale_tasks() == 2
    assert [status(task) for task in (theirs, orphan, unknown)] == ["RUNNING", "READY", "READY"]


def test_reap_counts_the_worker_that_ran_the_task_last(settings):
    Worker.objects.create(pk="alive", seen_at=timezone.now())
    task = running_task("dead")
    task.status = "READY"
    task.save()
    task.claim("alive")
    assert requeue_stale_tasks() == 0
    assert status(task) == "RUNNING"
