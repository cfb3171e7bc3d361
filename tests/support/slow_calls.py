"""A password hasher and a mailer that note whether they ran while a transaction was open.

Both take long by design, and on SQLite an open transaction holds the one write lock.
"""

import threading
from collections.abc import Sequence
from typing import ClassVar

from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.mail import EmailMessage
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection


class SlowCalls:
    """The record of the slow calls of this process.

    `ran_in_transaction` has an entry for each call. `hashing` is released when a password is
    hashed, which then waits until `may_continue` is set.
    """

    ran_in_transaction: ClassVar[list[bool]] = []
    hashing: ClassVar[threading.Semaphore] = threading.Semaphore(0)
    may_continue: ClassVar[threading.Event] = threading.Event()

    @classmethod
    def reset(cls) -> None:
        cls.ran_in_transaction.clear()
        cls.hashing = threading.Semaphore(0)
        cls.may_continue.set()

    @classmethod
    def note(cls) -> None:
        cls.ran_in_transaction.append(connection.in_atomic_block)


class RecordingHasher(MD5PasswordHasher):
    def encode(self, password: str, salt: str) -> str:
        SlowCalls.note()
        SlowCalls.hashing.release()
        assert SlowCalls.may_continue.wait(60)
        return super().encode(password, salt)


class RecordingMailer(EmailBackend):
    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        SlowCalls.note()
        return super().send_messages(messages)
