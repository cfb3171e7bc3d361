"""What takes long by design, and says whether it ran while a transaction was open: on SQLite that is the one write lock."""

import threading
from typing import ClassVar

from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection


class Seen:
    """What ran, and whether under a lock. `pause` holds up whoever hashes."""

    under_a_lock: ClassVar[list[bool]] = []
    hashing: ClassVar[threading.Semaphore] = threading.Semaphore(0)
    pause: ClassVar[threading.Event] = threading.Event()

    @classmethod
    def reset(cls) -> None:
        cls.under_a_lock.clear()
        cls.hashing = threading.Semaphore(0)
        cls.pause.set()

    @classmethod
    def note(cls) -> None:
        cls.under_a_lock.append(connection.in_atomic_block)


class Hasher(MD5PasswordHasher):
    def encode(self, password: str, salt: str) -> str:
        Seen.note()
        Seen.hashing.release()
        assert Seen.pause.wait(60)
        return super().encode(password, salt)


class Mailer(EmailBackend):
    def send_messages(self, messages: list) -> int:
        Seen.note()
        return super().send_messages(messages)
