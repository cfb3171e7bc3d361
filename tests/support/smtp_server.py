"""An SMTP server on loopback that accepts, refuses or delays mails as a test wants."""

import asyncio
import contextlib
import logging
import random
import socket
import threading
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

# It would write every line of every conversation.
logging.getLogger("mail.log").setLevel(logging.WARNING)


def free_port() -> int:
    """A free port below those of outgoing connections (from 32768 on Linux).

    An outgoing connection could take any of those as soon as nothing listens there.
    """
    while True:
        with socket.socket() as listener, contextlib.suppress(OSError):
            port = random.randint(20_000, 32_000)
            listener.bind(("127.0.0.1", port))
            return port


class SmtpServer:
    """Keeps acknowledged mails in `letters`, and every mail that came whole in `offered`.

    `refused` addresses get a 550; while `stalled` is set no mail is acknowledged.
    """

    def __init__(self) -> None:
        self.port = free_port()
        self.letters: list[EmailMessage] = []
        self.offered: list[EmailMessage] = []
        self.refused: set[str] = set()
        self.stalled = threading.Event()
        self.commands: list[str] = []

    def open(self) -> None:
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self.controller.start()
        # The controller connects to itself when it starts.
        self.commands.clear()

    def close(self) -> None:
        self.controller.stop(no_assert=True)

    @property
    def env(self) -> dict[str, Any]:
        """The environment variables that let a process send its mail here."""
        return {
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": self.port,
            "EMAIL_USE_TLS": False,
            "EMAIL_HOST_USER": "",
            "EMAIL_HOST_PASSWORD": "",
        }

    def subjects(self) -> list[str]:
        return sorted(letter["Subject"] for letter in self.letters)

    # aiosmtpd calls these in the thread of its event loop.

    async def handle_EHLO(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        self.commands.append("EHLO")
        session.host_name = hostname
        return responses

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.commands.append("MAIL")
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return "550 5.1.1 No such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        letter = message_from_bytes(envelope.content, policy=default)
        self.offered.append(letter)
        while self.stalled.is_set():
            await asyncio.sleep(0.02)
        self.letters.append(letter)
        return "250 Accepted"
