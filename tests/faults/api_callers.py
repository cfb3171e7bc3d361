"""Callers of the JSON API: their tokens, their connections, and a history of their calls.

A history is checked as Jepsen does: what was acknowledged must be there, what was refused must not,
and what got no answer may be either.
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


def make_tokens(people: Iterable[Any]) -> list[str]:
    """Return an access token for each person, as a log-in does, but without hashing passwords."""
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
    """No server accepted the connection: nothing can have happened."""


class NoAnswer(Exception):
    """The request was sent; whether it happened is unknown."""


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body)

    @property
    def data(self) -> dict[str, Any]:
        return self.json["data"]


class Caller:
    """A client with one connection at a time, which it keeps while it is open."""

    def __init__(self, *, patience: float = 30.0) -> None:
        self.patience = patience
        self.port = 0
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(
        self, port: int, method: str, path: str, *, token: str = "", key: str = "", body: Any = None
    ) -> Answer:
        """Send a request and return its answer. Raises NotSent or NoAnswer."""
        content = b"" if body is None else json.dumps(body).encode()
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json"]
        lines.append(f"Content-Length: {len(content)}")
        lines += [f"Authorization: Bearer {token}"] if token else []
        lines += [f"Idempotency-Key: {key}"] if key else []
        head = "\r\n".join([*lines, "", ""])
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
class Call:
    """One call of a person: when it was, and its `outcome`.

    That is "ok", the code of a refusal, or "unknown".
    """

    who: int
    verb: str
    what: Any
    began: float
    ended: float = 0.0
    outcome: str = "unknown"
    data: Any = None


@dataclass
class History:
    """All calls, with what their callers were told."""

    calls: list[Call] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    unanswered: int = 0
    slowest: float = 0.0
    seconds: list[float] = field(default_factory=list)

    def begin(self, who: int, verb: str, what: Any = None) -> Call:
        call = Call(who, verb, what, time.monotonic())
        self.calls.append(call)
        return call

    def end(self, call: Call, answer: Answer | None) -> None:
        """Note the outcome of the call; without an answer, and after a 5xx, it stays unknown."""
        call.ended = time.monotonic()
        if answer is None:
            self.unanswered += 1
            return
        self.statuses[answer.status] += 1
        self.seconds.append(answer.seconds)
        if answer.status < 300:
            call.outcome, call.data = "ok", answer.data
        elif answer.status < 500:
            call.outcome = answer.json["code"]

    def succeeded(self, verb: str) -> list[Call]:
        return [call for call in self.calls if call.verb == verb and call.outcome == "ok"]

    def outcomes(self) -> dict[str, int]:
        return dict(Counter(call.outcome for call in self.calls))

    def server_errors(self) -> int:
        """Count the answers that only a defect explains: 5xx except 503."""
        errors = {status for status in self.statuses if status >= 500 and status != 503}
        return sum(self.statuses[status] for status in errors)

    def percentile(self, share: float) -> float:
        return sorted(self.seconds)[int(len(self.seconds) * share)] if self.seconds else 0.0
