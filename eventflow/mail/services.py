"""Queues mails in the running transaction, delivers them, and resends stuck ones."""

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
    """No mail can name this address (RFC 5322), now or later."""


logger = logging.getLogger(__name__)

FIRST_RETRY, LONGEST_RETRY = timedelta(seconds=5), timedelta(minutes=30)
GIVE_UP_AFTER = timedelta(days=3)
# What can happen to any mail and is no bug: it is logged without a traceback.
EXPECTED_ERRORS = (OSError, smtplib.SMTPException, UnsendableAddress)
# Mails of one bulk action are delivered in batches: each is one task. A killed worker repeats one
# mail of it at most.
BATCH = 20
# The priority of mails that warn, or that a person waits for: they leave before all others.
HIGH_PRIORITY = 10


def queue(
    builder: Builder, *, to: Any, args: dict[str, Any], delay: int = 0, priority: int = 0
) -> None:
    """Queue one mail to the person `to`, unless their account is deleted.

    `builder` is registered with `mail_builder`; `args` are its keyword arguments, as JSON; `delay`
    is in seconds.
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
    """Queue one mail to an address without an account. It leaves before those about reservations.

    A `farewell` is the last mail to a deleted account: its row loses the address once it has left.
    """
    written = Mail(
        builder=builders.name_of(builder),
        args=args,
        to=address,
        language=language,
        farewell=farewell,
    )
    enqueue([written], delay=delay, priority=HIGH_PRIORITY)


def queue_many(
    builder: Builder, about: Sequence[Any], *, args: Callable[[Any], dict[str, Any]], delay: int = 0
) -> None:
    """Queue one mail about each object to its `person`, unless their account is deleted.

    `args` makes the builder's keyword arguments of each; `delay` is in seconds.
    """
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
    """Save these mails and the tasks that deliver them, in the caller's transaction."""
    if not mails:
        return
    run_after = timezone.now() + timedelta(seconds=delay)
    with transaction.atomic(savepoint=False):
        for mail in mails:
            mail.next_attempt_at = run_after
        Mail.objects.bulk_create(mails)
        for batch in batched((mail.pk for mail in mails), BATCH, strict=False):
            later = run_after if delay else None
            deliver_mails.using(run_after=later, priority=priority).enqueue(list(batch))


def waiting(builder: Builder, **about: Any) -> dict[str, Any] | None:
    """The arguments of the oldest queued mail of this kind with these arguments among its own.

    None if there is no such mail.
    """
    return unsent(builder, about).order_by("pk").values_list("args", flat=True).first()


def recall(builder: Builder, **about: Any) -> int:
    """Drop the queued mails of this kind with these arguments among their own. Returns how many."""
    return unsent(builder, about).update(state=Mail.State.DROPPED, next_attempt_at=None)


def unsent(builder: Builder, about: dict[str, Any]) -> QuerySet[Mail]:
    same = {f"args__{name}": value for name, value in about.items()}
    return Mail.objects.filter(
        state=Mail.State.QUEUED, builder__in=builders.names_of(builder), **same
    )


@stored_task("deliver_mails", formerly="eventflow.mail.services.deliver_all")
def deliver_mails(mail_ids: list[int]) -> None:
    """The task: deliver these mails one after another."""
    for mail_id in mail_ids:
        deliver(mail_id)


def deliver(mail_id: int) -> None:
    """Send a mail if it is still queued. After a failure another attempt is planned."""
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
    except Exception as error:  # noqa: BLE001  no error may lose the mail or stop the others
        postpone(mail, error)
    else:
        finish(mail, Mail.State.SENT if letter else Mail.State.DROPPED)


def build(mail: Mail) -> Letter | None:
    """The letter of a mail, in the language of its reader; None if its cause is gone."""
    with translation.override(mail.language):
        return builders.get(mail.builder)(**mail.args)


def finish(mail: Mail, state: str) -> None:
    """Mark a mail as sent or dropped, and erase its arguments: they may hold a token."""
    now, erased = timezone.now(), {"to": ""} if mail.farewell else {}
    finished = {
        "args": {},
        "attempts": mail.attempts + 1,
        "next_attempt_at": None,
        "last_error": "",
    }
    Mail.objects.filter(pk=mail.pk).update(state=state, sent_at=now, **finished, **erased)


@transaction.atomic
def postpone(mail: Mail, error: Exception) -> None:
    """Record a failed attempt and plan the next one; a mail that can't be delivered is stuck."""
    mail.attempts += 1
    mail.last_error = describe_error(error)
    kind, is_bug = type(error).__name__, not isinstance(error, EXPECTED_ERRORS)
    logger.warning("mail %s, attempt %s: %s", mail.pk, mail.attempts, kind, exc_info=is_bug)
    if is_permanent_failure(error) or timezone.now() - mail.created > GIVE_UP_AFTER:
        if mail.farewell:
            finish(mail, Mail.State.DROPPED)
            return
        mail.state, mail.next_attempt_at = Mail.State.STUCK, None
    else:
        spread = random.uniform(0.8, 1.2)  # noqa: S311  so that not all are tried at once
        wait = min(LONGEST_RETRY, FIRST_RETRY * 2 ** min(mail.attempts - 1, 16)) * spread
        mail.next_attempt_at = timezone.now() + wait
        deliver_mails.using(run_after=mail.next_attempt_at).enqueue([mail.pk])
    mail.save(update_fields=["attempts", "last_error", "state", "next_attempt_at"])


def erase_addresses(addresses: Collection[str]) -> None:
    """Erase these addresses: unsent mails to them are dropped, others keep only kind and time."""
    mails = Mail.objects.filter(to__in=addresses)
    mails.filter(state__in=[Mail.State.QUEUED, Mail.State.STUCK]).update(state=Mail.State.DROPPED)
    mails.update(to="", args={}, next_attempt_at=None, last_error="")


def is_permanent_failure(error: Exception) -> bool:
    """Whether the address will never get this mail.

    The server said so (RFC 5321: a 5yz reply), or no mail can name the address.
    """
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(500 <= code < 600 for code, _ in error.recipients.values())
    return isinstance(error, UnsendableAddress)


def describe_error(error: Exception) -> str:
    """The error for the operator, without the address, which SMTP errors repeat."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "; ".join(f"{code} recipient refused" for code, _ in error.recipients.values())
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{type(error).__name__} {error.smtp_code}"
    if isinstance(error, OSError):
        return f"{type(error).__name__}: {error.strerror or error}"[:500]
    return type(error).__name__


@transaction.atomic
def resend(mail: Mail) -> bool:
    """Queue a stuck mail again. False, and no effect, if it is not stuck: nothing is sent twice."""
    now = timezone.now()
    if not Mail.objects.filter(pk=mail.pk, state=Mail.State.STUCK).update(
        state=Mail.State.QUEUED, created=now, next_attempt_at=now
    ):
        return False
    deliver_mails.enqueue([mail.pk])
    return True
