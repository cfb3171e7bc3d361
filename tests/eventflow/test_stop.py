"""SIGTERM to our server: what is finished, what is refused, and how long it takes."""

import contextlib
import http.client
import signal
import socket
import threading
import time

import pytest

from tests.eventflow.http_sockets import cut, first_line, length_of, serving_slow_pages
from tests.support.http_site import CHUNK

# Whatever database is behind it.
pytestmark = [pytest.mark.once, pytest.mark.process("the server under test")]


@pytest.fixture(scope="module")
def database(django_db_setup, django_db_blocker):
    """The tests' database exists; a child uses it, we don't."""


@pytest.fixture
def own(database, tmp_path):
    """A server that a test may stop or fill."""
    with serving_slow_pages(tmp_path / "log") as site:
        yield site


# Stop
def test_sigterm_lets_requests_finish_and_accepts_no_new_ones(own):
    working = [own.ask("/slow/1/") for _ in range(2)] + [own.ask("/slow/0/")]
    time.sleep(0.3)
    own.process.send_signal(signal.SIGTERM)
    time.sleep(0.2)
    with pytest.raises(ConnectionRefusedError):
        own.get("/facts/")
    assert [first_line(ours) for ours in working] == ["HTTP/1.1 200 OK"] * 3
    assert own.wait_for_end() == 0


def test_sigterm_serves_connections_that_the_system_accepted(own):
    """The process sleeps while they connect, and finds the signal and the connections at once."""
    assert own.get("/slow/0/").status == 200
    own.process.send_signal(signal.SIGSTOP)
    crowd = [own.ask("/slow/0/") for _ in range(4)]
    own.process.send_signal(signal.SIGTERM)
    own.process.send_signal(signal.SIGCONT)
    # Two threads and two waiting: as many as get an answer of their own.
    assert [first_line(ours) for ours in crowd] == ["HTTP/1.1 200 OK"] * 4
    assert own.wait_for_end() == 0


def test_sigterm_waits_briefly_for_a_request_that_is_arriving(own):
    slow, silent = (
        socket.create_connection(("127.0.0.1", own.port), timeout=60),
        socket.create_connection(("127.0.0.1", own.port), timeout=60),
    )
    half, rest = b"POST /echo/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\n\r\nboo", b"ked"
    slow.sendall(half)
    time.sleep(0.2)
    own.process.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    slow.sendall(rest)
    assert slow.recv(4096).startswith(b"HTTP/1.1 200 OK")
    # The other one never says a word; had that been waited for to the end, the code would say so.
    assert own.wait_for_end() == 0
    silent.close()


def test_sigterm_is_not_delayed_by_clients_that_repeat_requests(own):
    def ask_until_the_end():
        ours, request = (
            own.ask("/slow/0.05/"),
            b"GET /slow/0.05/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
        )
        with contextlib.suppress(OSError):
            while ours.recv(4096):
                ours.sendall(request)

    clients = [threading.Thread(target=ask_until_the_end) for _ in range(4)]
    for client in clients:
        client.start()
    time.sleep(0.3)
    own.process.send_signal(signal.SIGTERM)
    assert own.wait_for_end() == 0


def test_sigterm_sends_a_slow_reader_the_last_byte(own):
    # As much as the handler can send, and more than the system takes: the server holds the rest.
    chunks = what_a_reader_of_nothing_is_sent(own)
    reader = own.ask(f"/big/?chunks={chunks}", buffer=4096)
    time.sleep(0.5)
    own.process.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    assert length_of(reader) == chunks * len(CHUNK)
    assert own.wait_for_end() == 0


def test_sigterm_ends_idle_and_kept_connections_at_once(own):
    kept = http.client.HTTPConnection("127.0.0.1", own.port, timeout=60)
    kept.request("GET", "/slow/0/")
    kept.getresponse().read()
    own.process.send_signal(signal.SIGTERM)
    # Had it waited for them until its patience ended, it would own up with another code.
    assert own.wait_for_end() == 0


def test_sigterm_ends_within_ten_seconds_and_reports_unfinished_requests(own):
    own.ask("/slow/60/")
    time.sleep(0.3)
    started = time.monotonic()
    own.process.send_signal(signal.SIGTERM)
    assert own.wait_for_end() == 1
    assert time.monotonic() - started < 10
    assert "1 request(s) unfinished" in own.log.read_text()


def what_a_reader_of_nothing_is_sent(site):
    """How many chunks of a stream leave the handler before it has to wait."""
    reader = site.ask("/stream/", buffer=4096)
    time.sleep(1)
    cut(reader)
    return site.json("/facts/")["chunks"]
