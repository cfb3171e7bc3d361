"""Every mail leaves, once as far as a server can tell, whatever the mail server does.

It is away, hangs, breaks off or lacks STARTTLS, and workers are killed.
"""

import random
import time
from collections import Counter
from functools import partial

import pytest
from django.db import transaction
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from eventflow import mail
from eventflow.mail.models import Mail
from tests.faults.tcp_proxy import proxy_to
from tests.support import mail_builders, processes

pytestmark = pytest.mark.django_db(transaction=True)
MAILS, KILLS = 60, 12
# 5 s, 10 s, 20 s …: so many attempts take longer than an hour.
ATTEMPTS = 10
BAD = "gone@example.org"


def write(how_many, *, to="reader{}@example.org"):
    for number in range(how_many):
        mail.queue_to_address(
            mail_builders.note,
            address=to.format(number),
            language="en",
            args={"subject": f"Letter {number}"},
        )


def worker(smtp_server, proxy, **env):
    there = {**smtp_server.env, "EMAIL_PORT": proxy.port, "WORKER_BEAT_SECONDS": 0.3, **env}
    return processes.running(processes.command("worker", "--interval", "0.1"), **there)


def make_attempts_due():
    """Let every mail be due for its next attempt now."""
    now = timezone.now()
    Mail.objects.filter(state="queued").update(next_attempt_at=now)
    DBTaskResult.objects.filter(status="READY").update(run_after=now)


def attempts():
    return sum(Mail.objects.values_list("attempts", flat=True))


def has_attempts(wanted):
    return attempts() >= wanted


def unsent():
    return Mail.objects.filter(state="queued").count()


def goes_on(smtp_server, offered):
    """Whether the server was offered more mails than these, or all have left."""
    return len(smtp_server.offered) > offered or not unsent()


def delivered(smtp_server):
    return Counter(letter["Message-ID"] for letter in smtp_server.letters)


@pytest.mark.parametrize("mode", ["refused", "broken off"])
def test_mail_server_away_for_an_hour(mode, figures, smtp_server):
    smtp_server.refused = {BAD}
    with proxy_to(smtp_server.port) as proxy:
        # 300 bytes: after the addresses, in the middle of the letter.
        proxy.refuse() if mode == "refused" else proxy.cut_after(300)
        write(MAILS // 2)
        write(1, to=BAD)
        write(MAILS // 2)
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            write(5, to="nobody{}@example.org")
            raise ZeroDivisionError
        with worker(smtp_server, proxy) as process:
            for _attempt in range(ATTEMPTS):
                wanted = attempts() + unsent()
                make_attempts_due()
                processes.wait_until(partial(has_attempts, wanted), seconds=60)
            figures.note("attempts that failed", attempts())
            figures.exactly(
                "given up meanwhile", Mail.objects.exclude(state__in=["queued", "stuck"]).count(), 0
            )
            figures.exactly("delivered meanwhile", len(smtp_server.letters), 0)
            proxy.pass_on()
            make_attempts_due()
            began = time.monotonic()
            processes.wait_until(lambda: not unsent(), seconds=60)
            figures.note("all of them after its return, in s", round(time.monotonic() - began, 1))
            assert process.poll() is None
    got = delivered(smtp_server)
    figures.exactly("mails delivered", len(got), MAILS)
    figures.exactly("delivered twice", sum(got.values()) - len(got), 0)
    figures.exactly(
        "to the bad address: stuck", Mail.objects.filter(state="stuck", to=BAD).count(), 1
    )
    figures.exactly(
        "of rolled-back work", sum("nobody" in letter["To"] for letter in smtp_server.letters), 0
    )
    figures.check()


def test_hanging_mail_server_delays_no_longer_than_its_timeout(figures, smtp_server):
    with proxy_to(smtp_server.port) as proxy, worker(smtp_server, proxy) as process:
        proxy.hang()
        write(2)
        began = time.monotonic()
        processes.wait_until(lambda: attempts() == 2, seconds=60)
        figures.at_most("two mails put off", time.monotonic() - began, 25, "s")
        proxy.pass_on()
        make_attempts_due()
        processes.wait_until(lambda: not unsent(), seconds=30)
        assert process.poll() is None
    figures.exactly("mails delivered", len(delivered(smtp_server)), 2)
    figures.check()


def test_mail_server_without_starttls_gets_nothing(figures, smtp_server):
    with proxy_to(smtp_server.port) as proxy, worker(smtp_server, proxy, EMAIL_USE_TLS=True):
        write(3)
        processes.wait_until(lambda: attempts() == 3)
    figures.exactly("said to it but EHLO", len(set(smtp_server.commands) - {"EHLO"}), 0)
    figures.exactly("letters offered", len(smtp_server.offered), 0)
    figures.exactly("mails kept", unsent(), 3)
    figures.check()


def test_workers_killed_at_any_step(figures, smtp_server):
    chance = random.Random("workers")
    with proxy_to(smtp_server.port) as proxy:
        # Slow enough that kills hit every step: connecting, sending, waiting, saving the result.
        proxy.slow(0.01)
        write(MAILS)
        for _kill in range(KILLS):
            with worker(smtp_server, proxy) as process:
                count = len(smtp_server.offered)
                processes.wait_until(partial(goes_on, smtp_server, count), seconds=30)
                time.sleep(chance.uniform(0, 0.15))
                process.kill()
        proxy.pass_on()
        left = unsent()
        with worker(smtp_server, proxy):
            processes.wait_until(lambda: not unsent(), seconds=60)
            processes.wait_until(
                lambda: not DBTaskResult.objects.exclude(status="SUCCESSFUL").exists(), seconds=30
            )
    got = delivered(smtp_server)
    figures.note("workers killed (-9)", KILLS)
    figures.note("mails still to send after the last kill", left)
    figures.exactly("mails delivered", len(got), MAILS)
    figures.at_most(
        "delivered twice, with the same Message-ID", sum(got.values()) - len(got), KILLS
    )
    figures.exactly(
        "Message-IDs that are not ours",
        len(set(got) - set(Mail.objects.values_list("message_id", flat=True))),
        0,
    )
    figures.check()
