"""Queue a mail in the running transaction; deliver one; try a stuck one again."""

import logging
import random
import smtplib
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from itertools import batched
from typing import Any

from django.core.mail import mailers
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone, translation

from eventflow.core.text import can_be_mailed
from eventflow.mail.letters import Letter
from eventflow.mail.models import Mail
from eventflow.mail.registry import Builder, builders
from eventflow.tasks import stored_task


class UnsendableAddress(ValueError):
    """No mail can name this address, now or later."""


logger = logging.getLogger(__name__)

FIRST_RETRY, LONGEST_RETRY = timedelta(seconds=5), timedelta(minutes=30)
GIVE_UP_AFTER = timedelta(days=3)
# What may befall any mail, and is no fault of the program: the log needs no traceback.
EXPECTED = (OSError, smtplib.SMTPException, UnsendableAddress)
# Mails of one bulk action travel in batches: a batch is one task, and a killed worker repeats one mail of it at most.
BATCH = 20
# Somebody waits for it at a screen, or is warned: it leaves before the hundreds that a busy event causes.
FIRST_IN_LINE = 10


def queue(
    builder: Builder, *, to: Any, args: dict[str, Any], delay: int = 0, priority: int = 0
) -> None:
    """Queue one mail to the person `to`, if they are still here.

    `delay` is in seconds; `args` are the builder's keyword arguments, as JSON.
    """
    if not to.is_deleted:
        written = Mail(
            builder=builders.name_of(builder), args=args, to=to.email, language=to.language
        )
        enqueue([written], delay=delay, priority=priority)


def queue_to_address(
    builder: Builder,
    *,
    address: str,
    language: str,
    args: dict[str, Any],
    delay: int = 0,
    farewell: bool = False,
) -> None:
    """The same for an address that may belong to nobody yet, or, as a `farewell`, to nobody any more.

    Such a mail is about an account or a role, and leaves before those about reservations.
    """
    written = Mail(
        builder=builders.name_of(builder),
        args=args,
        to=address,
        language=language,
        farewell=farewell,
    )
    enqueue([written], delay=delay, priority=FIRST_IN_LINE)


def queue_many(
    builder: Builder, about: Sequence[Any], *, args: Callable[[Any], dict[str, Any]], delay: int = 0
) -> None:
    """Queue one mail about each of these to its `person`, of those who are still here."""
    name, reached = (
        builders.name_of(builder),
        [each for each in about if not each.person.is_deleted],
    )
    enqueue(
        [
            Mail(builder=name, args=args(each), to=each.person.email, language=each.person.language)
            for each in reached
        ],
        delay=delay,
    )


def enqueue(mails: Sequence[Mail], *, delay: int, priority: int = 0) -> None:
    if not mails:
        return
    run_after = timezone.now() + timedelta(seconds=delay)
    # The caller's transaction, where there is one.
    with transaction.atomic(savepoint=False):
        for mail in mails:
            mail.next_attempt_at = run_after
        Mail.objects.bulk_create(mails)
        for batch in batched((mail.pk for mail in mails), BATCH, strict=False):
            later = run_after if delay else None
            deliver_all.using(run_after=later, priority=priority).enqueue(list(batch))


def waiting(builder: Builder, **about: Any) -> dict[str, Any] | None:
    """The arguments of the oldest mail of this kind that has not left and has these arguments among its own; None: no such mail."""
    return unsent(builder, about).order_by("pk").values_list("args", flat=True).first()


def recall(builder: Builder, **about: Any) -> int:
    """Do not send the mails of this kind that have these arguments among their own and have not left. How many there were."""
    return unsent(builder, about).update(state=Mail.State.DROPPED, next_attempt_at=None)


def unsent(builder: Builder, about: dict[str, Any]) -> QuerySet[Mail]:
    same = {f"args__{name}": value for name, value in about.items()}
    return Mail.objects.filter(
        state=Mail.State.QUEUED, builder__in=builders.names_of(builder), **same
    )


@stored_task("deliver_mails", formerly="eventflow.mail.services.deliver_all")
def deliver_all(mail_ids: list[int]) -> None:
    """What the worker runs."""
    for mail_id in mail_ids:
        deliver(mail_id)


def deliver(mail_id: int) -> None:
    """Send this mail if it still waits. A failure is written down and tried again later, less and less often."""
    mail = Mail.objects.filter(pk=mail_id, state=Mail.State.QUEUED).first()
    if mail is None:
        return
    try:
        letter = build(mail) if mail.to else None
        if letter is not None and not can_be_mailed(mail.to):
            raise UnsendableAddress
        if letter is not None:
            mailers.default.send_messages(
                [letter.as_message(to=mail.to, message_id=mail.message_id)]
            )
    except Exception as error:  # noqa: BLE001  whatever went wrong, the mail must neither be lost nor stop the others
        put_off(mail, error)
    else:
        finish(mail, Mail.State.SENT if letter else Mail.State.DROPPED)


def build(mail: Mail) -> Letter | None:
    with translation.override(mail.language):
        return builders.get(mail.builder)(**mail.args)


def finish(mail: Mail, state: str) -> None:
    """The mail has left or is not needed; what it was about is forgotten, for it may hold a token."""
    now, forgotten = timezone.now(), {"to": ""} if mail.farewell else {}
    left = {"args": {}, "attempts": mail.attempts + 1, "next_attempt_at": None, "last_error": ""}
    Mail.objects.filter(pk=mail.pk).update(state=state, sent_at=now, **left, **forgotten)


@transaction.atomic
def put_off(mail: Mail, error: Exception) -> None:
    mail.attempts += 1
    mail.last_error = describe(error)
    kind, is_bug = type(error).__name__, not isinstance(error, EXPECTED)
    logger.warning("mail %s, attempt %s: %s", mail.pk, mail.attempts, kind, exc_info=is_bug)
    if is_final(error) or timezone.now() - mail.created > GIVE_UP_AFTER:
        if mail.farewell:
            finish(mail, Mail.State.DROPPED)
            return
        mail.state, mail.next_attempt_at = Mail.State.STUCK, None
    else:
        spread = random.uniform(0.8, 1.2)  # noqa: S311  so that not all come back at once
        wait = min(LONGEST_RETRY, FIRST_RETRY * 2 ** min(mail.attempts - 1, 16)) * spread
        mail.next_attempt_at = timezone.now() + wait
        deliver_all.using(run_after=mail.next_attempt_at).enqueue([mail.pk])
    mail.save(update_fields=["attempts", "last_error", "state", "next_attempt_at"])


def forget(addresses: Collection[str]) -> None:
    """Nobody is to be found here by these addresses any more: what waits for them is not sent, of what has left only kind and time stay."""
    theirs = Mail.objects.filter(to__in=addresses)
    theirs.filter(state__in=[Mail.State.QUEUED, Mail.State.STUCK]).update(state=Mail.State.DROPPED)
    theirs.update(to="", args={}, next_attempt_at=None, last_error="")


def is_final(error: Exception) -> bool:
    """This address will never get this mail: the server said so (RFC 5321: a 5yz reply), or no
    mail can name the address."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(500 <= code < 600 for code, _ in error.recipients.values())
    return isinstance(error, UnsendableAddress)


def describe(error: Exception) -> str:
    """For the operator: what failed, without the address, which SMTP errors like to repeat."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "; ".join(f"{code} recipient refused" for code, _ in error.recipients.values())
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{type(error).__name__} {error.smtp_code}"
    if isinstance(error, OSError):
        return f"{type(error).__name__}: {error.strerror or error}"[:500]
    return type(error).__name__


@transaction.atomic
def send_again(mail: Mail) -> bool:
    """Give a stuck mail a new life. False if it was not stuck (any more): then nothing happens, and nothing is sent twice."""
    now = timezone.now()
    if not Mail.objects.filter(pk=mail.pk, state=Mail.State.STUCK).update(
        state=Mail.State.QUEUED, created=now, next_attempt_at=now
    ):
        return False
    deliver_all.enqueue([mail.pk])
    return True
