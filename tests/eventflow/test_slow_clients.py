"""Time limits for requests that arrive slowly.

On a clock of the test's own, with the transport that Twisted has for tests.
"""

import pytest
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.web.http import Request

from eventflow.server.http_connection import BODY_SECONDS, HEAD_SECONDS, IDLE_SECONDS, Connection

pytestmark = pytest.mark.once
HEAD = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"


class Answered(Request):
    def process(self):
        self.finish()


class TimedConnection(Connection):
    """A connection whose time passes when the test says so."""

    requestFactory = Answered

    def __init__(self, clock):
        super().__init__()
        self.clock = clock

    def callLater(self, seconds, call):
        return self.clock.callLater(seconds, call)


class Client:
    def __init__(self):
        self.clock, self.transport = Clock(), StringTransport()
        self.channel = TimedConnection(self.clock)
        self.channel.timeOut = HEAD_SECONDS
        self.channel.makeConnection(self.transport)

    def send(self, data):
        self.channel.dataReceived(data)

    def drip(self, *, seconds):
        """A letter every second, which is no line's end."""
        for _ in range(seconds):
            self.clock.advance(1)
            if not self.transport.disconnecting:
                self.send(b"a")

    @property
    def is_ended(self):
        return self.transport.disconnecting


@pytest.mark.parametrize(
    ("begun", "seconds"),
    [(b"G", HEAD_SECONDS), (b"GET / HTTP/1.1\r\nHost: loc", HEAD_SECONDS), (HEAD, BODY_SECONDS)],
    ids=["first line", "head", "body"],
)
def test_request_that_arrives_too_slowly_is_ended(begun, seconds):
    ours = Client()
    ours.send(begun)
    ours.drip(seconds=seconds - 1)
    assert not ours.is_ended
    ours.drip(seconds=2)
    assert ours.is_ended


def test_connection_without_a_request_is_ended():
    ours = Client()
    ours.clock.advance(HEAD_SECONDS + 1)
    assert ours.is_ended


def test_connection_is_kept_between_requests_and_each_has_its_own_time_limit():
    ours = Client()
    for _ in range(3):
        ours.send(HEAD + b"x" * 1000)
        ours.clock.advance(IDLE_SECONDS - 1)
        assert not ours.is_ended
    ours.send(b"GET")
    ours.drip(seconds=HEAD_SECONDS - 1)
    assert not ours.is_ended
    ours.drip(seconds=2)
    assert ours.is_ended


def test_pipelined_requests_are_both_answered():
    ours = Client()
    ours.send((HEAD + b"x" * 1000) * 2)
    assert ours.transport.value().count(b"HTTP/1.1 200") == 2
    ours.clock.advance(IDLE_SECONDS + 1)
    assert ours.is_ended
