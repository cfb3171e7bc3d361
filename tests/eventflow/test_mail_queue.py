"""Mail leaves once, after the commit, whatever the server on the other side does.

The worker and the SMTP server are real. The worker is a process where something could be lost
between processes, and runs in this one where only the fate of a mail is looked at.
"""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from eventflow import mail
from eventflow.mail import services
from eventflow.mail.models import Mail
from tests.support import mail_builders, processes
from tests.support.factories import make_person, make_reservation
from tests.support.queue_worker import make_worker
from tickets.queue import decisions

pytestmark = pytest.mark.django_db(transaction=True)
worker_process = pytest.mark.process("the worker under test")
FATE = ["state", "attempts", "next_attempt_at", "last_error"]


def write(subject, *, to="reader@example.org", builder=mail_builders.note, delay=0):
    mail.queue_to_address(
        builder, address=to, language="en", args={"subject": subject}, delay=delay
    )
    return Mail.objects.latest("id")


@pytest.fixture
def work(smtp_server, settings):
    """Runs what is due in a worker in this process; takes options of its SMTP connection."""

    def work(**options):
        ours = {"host": "127.0.0.1", "port": smtp_server.port, **options}
        backend = "django.core.mail.backends.smtp.EmailBackend"
        settings.MAILERS = {"default": {"BACKEND": backend, "OPTIONS": settings.SMTP | ours}}
        make_worker().run()

    return work


def run_worker(smtp_server):
    """Run what is due in a worker process. Returns its log."""
    done = processes.run(processes.command("worker", "--batch"), **smtp_server.env)
    assert done.returncode == 0, done.stderr
    return done.stderr


def hurry():
    """Let the time pass that a mail waits for its next attempt."""
    now = timezone.now()
    Mail.objects.filter(state="queued").update(next_attempt_at=now)
    DBTaskResult.objects.filter(status="READY").update(run_after=now)


@worker_process
@pytest.mark.both
def test_mail_of_a_rolled_back_transaction_never_leaves(smtp_server):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        write("Never")
        raise ZeroDivisionError
    write("Always")
    run_worker(smtp_server)
    assert smtp_server.subjects() == ["Always"]


@worker_process
@pytest.mark.both
def test_mail_of_a_committed_transaction_leaves_once_whatever_the_number_of_workers(smtp_server):
    subjects = [f"Letter {number:02}" for number in range(30)]
    with transaction.atomic():
        for subject in subjects:
            write(subject)
    with (
        processes.running(processes.command("worker"), **smtp_server.env),
        processes.running(processes.command("worker"), **smtp_server.env),
    ):
        processes.wait_until(lambda: not Mail.objects.filter(state="queued").exists())
    assert smtp_server.subjects() == subjects
    assert len({letter["Message-ID"] for letter in smtp_server.letters}) == 30
    assert set(Mail.objects.values_list("state", "attempts")) == {("sent", 1)}


@pytest.mark.once(on="postgresql")
def test_mail_waits_while_the_server_is_down_and_leaves_with_the_same_message_id(smtp_server, work):
    smtp_server.close()
    queued = write("Patience")
    began = timezone.now()
    work()
    queued.refresh_from_db()
    assert (queued.state, queued.attempts) == ("queued", 1)
    assert "refused" in queued.last_error
    # However long the worker took: from below against the time before it, from above against the
    # time after.
    assert queued.next_attempt_at - began > timedelta(seconds=3)
    assert queued.next_attempt_at - timezone.now() < timedelta(seconds=6)
    hurry()
    began = timezone.now()
    work()
    queued.refresh_from_db()
    assert queued.attempts == 2
    assert queued.next_attempt_at - began > timedelta(seconds=6)
    assert queued.next_attempt_at - timezone.now() < timedelta(seconds=12)
    smtp_server.open()
    hurry()
    work()
    assert [letter["Message-ID"] for letter in smtp_server.letters] == [queued.message_id]
    queued.refresh_from_db()
    assert (queued.state, queued.attempts, queued.last_error, queued.args) == ("sent", 3, "", {})


@pytest.mark.once(on="postgresql")
def test_mail_that_waited_three_days_is_stuck(smtp_server, work):
    smtp_server.close()
    queued = write("Old")
    Mail.objects.update(created=timezone.now() - timedelta(days=3, minutes=1))
    work()
    queued.refresh_from_db()
    assert (queued.state, queued.next_attempt_at) == ("stuck", None)
    smtp_server.open()


@pytest.mark.once(on="postgresql")
def test_mail_to_a_refused_address_is_stuck_and_blocks_nobody(smtp_server, work):
    smtp_server.refused = {"gone@example.org"}
    with transaction.atomic():
        bad = write("For nobody", to="gone@example.org")
        write("For somebody")
    work()
    bad.refresh_from_db()
    assert (bad.state, bad.attempts, bad.last_error) == ("stuck", 1, "550 recipient refused")
    assert smtp_server.subjects() == ["For somebody"]


@pytest.mark.once(on="postgresql")
def test_one_bad_address_in_a_batch_delays_no_other_mail(smtp_server, work):
    people = [make_person() for _ in range(3)]
    smtp_server.refused = {people[1].email}
    services.enqueue(
        [
            Mail(
                builder="tests.note",
                args={"subject": p.email},
                to=p.email,
                language="en",
            )
            for p in people
        ],
        delay=0,
    )
    work()
    assert smtp_server.subjects() == sorted([people[0].email, people[2].email])
    assert Mail.objects.get(state="stuck").to == people[1].email


UNSENDABLE = ["ſara@example.org", "admın@example.org", "a..b@example.org", "a b@example.org"]


@worker_process
@pytest.mark.once(on="postgresql")
def test_mail_to_an_address_that_no_mail_can_name_is_stuck_at_once(smtp_server):
    """What SMTP has no words for does not change with time.

    The log says what happened, and not to whom.
    """
    bad = [write("For nobody", to=address) for address in UNSENDABLE]
    write("For somebody")
    log = run_worker(smtp_server)
    assert set(Mail.objects.filter(pk__in=[one.pk for one in bad]).values_list(*FATE)) == {
        ("stuck", 1, None, "UnsendableAddress")
    }
    assert smtp_server.subjects() == ["For somebody"]
    assert not any(part in log for part in ["Traceback", "ſara", "admın", "a..b"])


@pytest.mark.once(on="postgresql")
def test_mail_to_a_domain_with_letters_beyond_ascii_leaves(smtp_server, work):
    write("Hello", to="t3@żółć.example")
    work()
    assert smtp_server.subjects() == ["Hello"]


@worker_process
@pytest.mark.once(on="postgresql")
def test_builder_that_fails_is_tried_again_and_delays_no_other_mail(smtp_server):
    bad = write("Secret word", builder=mail_builders.broken)
    write("Fine")
    log = run_worker(smtp_server)
    bad.refresh_from_db()
    assert (bad.state, bad.attempts, bad.last_error) == ("queued", 1, "LookupError")
    assert smtp_server.subjects() == ["Fine"]
    assert "reader@example.org" not in log


@pytest.mark.once(on="postgresql")
def test_smtp_server_without_starttls_gets_no_mail_when_it_is_required(smtp_server, work):
    queued = write("Confidential")
    work(use_tls=True)
    assert smtp_server.commands == ["EHLO"]
    assert smtp_server.offered == []
    queued.refresh_from_db()
    assert (queued.state, queued.attempts) == ("queued", 1)
    assert queued.last_error.startswith("SMTPNotSupportedError")


@pytest.mark.once(on="postgresql")
def test_stuck_mail_is_resent_once(smtp_server, work):
    smtp_server.refused = {"reader@example.org"}
    queued = write("Second life")
    work()
    smtp_server.refused = set()
    assert services.resend(queued) is True
    assert services.resend(queued) is False
    work()
    assert [letter["Message-ID"] for letter in smtp_server.letters] == [queued.message_id]
    assert services.resend(queued) is False


@pytest.mark.once(on="postgresql")
def test_mail_about_an_account_leaves_before_those_about_reservations(smtp_server, work):
    for _number in range(3):
        make_reservation(status="pending")
    write("For your account")
    work()
    assert len(smtp_server.letters) > 3
    assert smtp_server.letters[0]["Subject"] == "For your account"


@pytest.mark.once(on="postgresql")
def test_mail_whose_cause_is_gone_is_dropped(smtp_server, work):
    mail.queue_to_address(
        mail_builders.no_longer_needed, address="reader@example.org", language="en", args={}
    )
    work()
    assert smtp_server.offered == []
    assert Mail.objects.get().state == "dropped"


@pytest.mark.once(on="postgresql")
def test_decision_that_was_taken_back_sends_no_mail(smtp_server, work, settings):
    settings.MAIL_DECISION_DELAY_SECONDS = 600
    kept, taken_back = make_reservation(status="confirmed"), make_reservation(status="confirmed")
    work()
    confirmations = Mail.objects.filter(builder="tickets.confirmed")
    assert set(confirmations.values_list("state", flat=True)) == {"queued"}, (
        "both should still wait"
    )
    decisions.undo(taken_back, by=taken_back.event.organizer)
    hurry()
    work()
    sent = [
        letter["To"]
        for letter in smtp_server.letters
        if letter["Subject"].startswith("You have a spot")
    ]
    assert sent == [kept.person.email]
    assert dict(confirmations.values_list("to", "state")) == {
        kept.person.email: "sent",
        taken_back.person.email: "dropped",
    }
