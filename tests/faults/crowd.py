"""Many people at once on the JSON API: their tokens, their connections, and the history of what they were told.

A history is judged the way Jepsen does: what was acknowledged must be there, what was refused must not, and what got no answer may be either.
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.utils import timezone
from django.utils.crypto import get_random_string

from accounts.allauth_bridge import create_access_token

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def tokens(people: Iterable[Any]) -> list[str]:
    """An access token for each, as a log-in would give it, without its third of a second."""
    store, sessions, given = SessionStore(), [], []
    for person in people:
        known = {
            SESSION_KEY: str(person.pk),
            BACKEND_SESSION_KEY: BACKEND,
            HASH_SESSION_KEY: person.get_session_auth_hash(),
        }
        session = Session(
            session_key=get_random_string(32, "abcdefghijklmnopqrstuvwxyz0123456789"),
            session_data=store.encode(known),
        )
        session.expire_date = timezone.now() + timedelta(days=1)
        sessions.append(session)
        given.append(create_access_token(person, SessionStore(session.session_key)))
    Session.objects.bulk_create(sessions)
    return given


class NotSent(Exception):
    """Nobody listened: nothing can have happened."""


class NoAnswer(Exception):
    """It was sent, and whether it happened is unknown."""


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float

    @property
    def said(self) -> dict[str, Any]:
        return json.loads(self.body)

    @property
    def data(self) -> dict[str, Any]:
        return self.said["data"]


class Caller:
    """One connection at a time to one server after another, kept while it holds."""

    def __init__(self, *, patience: float = 30.0) -> None:
        self.patience = patience
        self.port = 0
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(
        self, port: int, method: str, path: str, *, token: str = "", key: str = "", body: Any = None
    ) -> Answer:
        """Raises NotSent or NoAnswer."""
        content = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(content)}\r\nContent-Type: application/json\r\n"
        head += (
            (f"Authorization: Bearer {token}\r\n" if token else "")
            + (f"Idempotency-Key: {key}\r\n" if key else "")
            + "\r\n"
        )
        began = time.monotonic()
        reader, writer = await self.connected(port)
        try:
            async with asyncio.timeout(self.patience):
                writer.write(head.encode() + content)
                await writer.drain()
                status, headers, answer = await read_answer(reader)
        except (OSError, asyncio.IncompleteReadError, ValueError, TimeoutError) as error:
            await self.close()
            raise NoAnswer(
                f"{type(error).__name__} after {time.monotonic() - began:.1f} s"
            ) from error
        if headers.get("connection") == "close":
            await self.close()
        return Answer(status, headers, answer, time.monotonic() - began)

    async def connected(self, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self.streams and (self.port != port or self.streams[0].at_eof()):
            await self.close()
        if self.streams is None:
            try:
                self.streams = await asyncio.open_connection("127.0.0.1", port)
            except OSError as error:
                raise NotSent from error
            self.port = port
        return self.streams

    async def close(self) -> None:
        if self.streams:
            self.streams[1].close()
            with suppress(OSError):
                await self.streams[1].wait_closed()
            self.streams = None


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin1").split("\r\n")
    headers = {
        name.lower(): value
        for name, _, value in (line.partition(": ") for line in lines[1:] if line)
    }
    if headers.get("transfer-encoding") == "chunked":
        content = b""
        while size := int(await reader.readline(), 16):
            content += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
    else:
        content = await reader.readexactly(int(headers.get("content-length", "0")))
    return int(lines[0].split()[1]), headers, content


@dataclass
class Deed:
    """Something that somebody asked for: when, and what they know of it. `outcome` is "ok", the code of a refusal, or "unknown"."""

    who: int
    verb: str
    what: Any
    began: float
    ended: float = 0.0
    outcome: str = "unknown"
    data: Any = None


@dataclass
class History:
    """What everybody asked for and was told."""

    deeds: list[Deed] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    unanswered: int = 0
    slowest: float = 0.0
    seconds: list[float] = field(default_factory=list)

    def begin(self, who: int, verb: str, what: Any = None) -> Deed:
        deed = Deed(who, verb, what, time.monotonic())
        self.deeds.append(deed)
        return deed

    def end(self, deed: Deed, answer: Answer | None) -> None:
        """What came of it. No answer, or one that says that the server itself does not know, leaves it unknown."""
        deed.ended = time.monotonic()
        if answer is None:
            self.unanswered += 1
            return
        self.statuses[answer.status] += 1
        self.seconds.append(answer.seconds)
        if answer.status < 300:
            deed.outcome, deed.data = "ok", answer.data
        elif answer.status < 500:
            deed.outcome = answer.said["code"]

    def done(self, verb: str) -> list[Deed]:
        return [deed for deed in self.deeds if deed.verb == verb and deed.outcome == "ok"]

    def outcomes(self) -> dict[str, int]:
        return dict(Counter(deed.outcome for deed in self.deeds))

    def unforgivable(self) -> int:
        """Answers that say that we are broken: 5xx but 503."""
        return sum(
            count for status, count in self.statuses.items() if status >= 500 and status != 503
        )

    def percentile(self, share: float) -> float:
        return sorted(self.seconds)[int(len(self.seconds) * share)] if self.seconds else 0.0
