"""Requests to our server from outside: threads, waiting requests, streams and bodies."""

import asyncio
import http.client
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from eventflow.server.handler import OneHopHandler
from tests.eventflow.http_sockets import MEGABYTE, cut, first_line, length_of, serving_slow_pages
from tests.support.http_site import CHUNK, CHUNKS
from tests.support.processes import wait_until

# Whatever database is behind it.
pytestmark = [pytest.mark.once, pytest.mark.process("the server under test")]


@pytest.fixture(scope="module")
def database(django_db_setup, django_db_blocker):
    """The tests' database exists; a child uses it, we don't."""


@pytest.fixture(scope="module")
def shared(database, tmp_path_factory):
    with serving_slow_pages(tmp_path_factory.mktemp("site") / "log") as site:
        yield site


@pytest.fixture
def own(database, tmp_path):
    """A server that a test may stop or fill."""
    with serving_slow_pages(tmp_path / "log") as site:
        yield site


def all_at_once(calls):
    with ThreadPoolExecutor(len(calls)) as threads:
        return [future.result() for future in [threads.submit(call) for call in calls]]


# One request, one thread
def test_request_leaves_nothing_of_its_context_to_the_next(shared):
    answers = [
        shared.json(f"/context/?name={name}", **{"Accept-Language": language})
        for name, language in (("a", "pl"), ("b", "en"), ("c", "pl"))
    ]
    assert [answer["found"] for answer in answers] == ["", "", ""]
    assert [answer["word"] for answer in answers] == ["Styczeń", "January", "Styczeń"]
    assert {answer["thread"].rsplit("_")[0] for answer in answers} == {"request"}


def test_database_connections_are_as_many_as_threads_and_kept(shared):
    answers = all_at_once([lambda: shared.json("/database/")] * 4) + all_at_once(
        [lambda: shared.json("/database/")] * 4
    )
    pairs = {(answer["thread"], answer["connection"]) for answer in answers}
    assert len(pairs) == len({thread for thread, _ in pairs}) <= 2


def test_response_closes_its_request_before_it_is_sent(shared):
    before = shared.json("/facts/")["finished"]
    shared.get("/context/?name=x").read()
    shared.get("/file/").read()
    # Those two and the first look; the second is not finished while it looks.
    assert shared.json("/facts/")["finished"] == before + 3


# Waiting requests
def test_waiting_requests_are_bounded_and_refusal_says_when_to_retry(own):
    waiting = [own.ask(f"/slow/3/?name={number}") for number in range(4)]
    time.sleep(0.2)
    started = time.monotonic()
    page, api = (
        own.get("/slow/0/"),
        own.get("/api/slow/0/", **{"Accept-Language": "pl", "X-Request-ID": "caller-knows-1"}),
    )
    assert (page.status, page.headers["Retry-After"], page.headers["Content-Type"]) == (
        503,
        "2",
        "text/plain; charset=utf-8",
    )
    body = json.loads(api.read())
    assert (api.status, api.headers["X-Request-ID"]) == (503, "caller-knows-1")
    assert body == {
        "success": False,
        "message": body["detail"],
        "detail": body["message"],
        "code": "busy",
        "errors": {},
    }
    # Long before a thread is free.
    assert time.monotonic() - started < 2.5
    assert [first_line(ours) for ours in waiting] == ["HTTP/1.1 200 OK"] * 4
    assert own.get("/slow/0/").status == 200


def test_waiting_request_of_a_gone_client_is_not_served(own):
    working = [own.ask(f"/slow/1/?name=works{number}") for number in range(2)]
    own.ask("/slow/0/?name=left").close()
    assert [first_line(ours) for ours in working] == ["HTTP/1.1 200 OK"] * 2
    stays = own.get("/slow/0/?name=stays")
    assert stays.status == 200
    assert sorted(own.json("/facts/")["slow"]) == ["stays", "works0", "works1"]


# Streams
def test_stream_is_produced_only_as_fast_as_it_is_read(own):
    before = own.memory()
    reader = own.ask("/stream/", buffer=65536)
    wait_until(lambda: own.json("/facts/")["chunks"] > 0)
    time.sleep(1)
    # What the systems and Twisted hold for a client that reads nothing; the stream is 100 MB.
    assert own.json("/facts/")["chunks"] * len(CHUNK) < 12 * MEGABYTE
    assert own.memory() - before < 30 * MEGABYTE
    assert length_of(reader) == len(CHUNK) * CHUNKS
    assert own.memory() - before < 30 * MEGABYTE
    assert own.json("/facts/")["streams_closed"] == 1


def test_stream_ends_when_the_client_goes_away(own):
    for _ in range(3):
        reader = own.ask("/stream/", buffer=65536)
        reader.recv(1024)
        cut(reader)
    # Both threads would be taken for ever by two of the three.
    wait_until(lambda: own.json("/facts/")["streams_closed"] == 3)
    assert own.json("/facts/")["chunks"] < 3 * CHUNKS


def test_stream_that_breaks_does_not_look_complete(shared):
    answer = shared.get("/broken/")
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        answer.read()
    assert shared.get("/slow/0/").status == 200


def test_slow_readers_of_pages_and_files_hold_no_thread(settings):
    settings.WEB_THREADS, settings.ROOT_URLCONF = 2, "tests.support.http_site"

    async def scenario():
        handler, read, first = OneHopHandler(), asyncio.Event(), []

        async def ask(path, send):
            parts = [{"type": "http.request"}]
            await handler(
                {
                    "type": "http",
                    "method": "GET",
                    "path": path,
                    "headers": [(b"host", b"localhost")],
                },
                partial(arrive, parts),
                send,
            )

        async def stuck(message):
            first.append(message)
            await read.wait()

        async def at_once(message):
            sent.append(message)

        readers = [asyncio.create_task(ask(path, stuck)) for path in ("/big/", "/file/") * 3]
        sent: list[Any] = []
        while len(first) < len(readers):
            await asyncio.sleep(0.01)
        await asyncio.wait_for(ask("/slow/0/", at_once), 5)
        read.set()
        await asyncio.gather(*readers)
        return [message["status"] for message in (*sent, *first) if "status" in message]

    assert asyncio.run(scenario()) == [200] * 7


async def arrive(parts):
    """A client that has said all it has to say, and stays."""
    return parts.pop() if parts else await asyncio.Event().wait()


# Bodies
def test_body_up_to_the_limit_arrives_whole(shared):
    body = bytes(range(256)) * 4096
    assert len(body) == MEGABYTE
    assert post(shared, "/echo/", body).read() == body


@pytest.mark.parametrize("chunked", [False, True])
def test_body_above_the_limit_is_refused_unread(own, chunked):
    before = own.memory()
    answer = post(own, "/api/echo/", b"x" * (60 * MEGABYTE), chunked=chunked)
    assert (answer.status, json.loads(answer.read())["code"]) == (413, "too_large")
    assert own.memory() - before < 20 * MEGABYTE
    assert own.get("/slow/0/").status == 200


def test_endless_body_is_refused(shared):
    ours = socket.create_connection(("127.0.0.1", shared.port), timeout=60)
    ours.sendall(b"POST /echo/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
    with pytest.raises(OSError):
        for _ in range(100_000):
            ours.sendall(b"10000\r\n" + CHUNK + b"\r\n")
            # It may go on for two seconds after the refusal: six megabytes a second are enough.
            time.sleep(0.01)
    assert shared.get("/slow/0/").status == 200


# Log
def test_access_log_holds_no_query_and_no_token(own):
    own.get("/context/?name=secret-query", **{"X-Request-ID": "caller-knows-1"}).read()
    own.get("/activate/short-token/").read()
    own.get("/nowhere/MTI-c6p1rk-8f14e45fceea167a5a36dedd4bea2543/").read()
    log = wait_until(lambda: own.log.read_text() if "GET /nowhere/" in own.log.read_text() else "")
    lines = [line for line in log.splitlines() if "eventflow.access" in line]
    assert [line.split("] ")[1].rsplit(" ", 2)[0] for line in lines] == [
        "GET /context/ 200",
        "GET /activate/***/ 200",
        "GET /nowhere/***/ 404",
    ]
    assert "[caller-knows-1]" in lines[0]
    assert "Not Found: /nowhere/***/" in log
    assert [secret for secret in ("secret-query", "short-token", "c6p1rk") if secret in log] == []


def post(site, path, body, *, chunked=False):
    """Send the body while reading the answer, as browsers do: the answer may come early."""
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=60)
    connection.putrequest("POST", path)
    connection.putheader("Transfer-Encoding", "chunked") if chunked else connection.putheader(
        "Content-Length", str(len(body))
    )
    connection.endheaders()
    sending = threading.Thread(target=send, args=(connection.sock, body, chunked))
    sending.start()
    answer = connection.getresponse()
    sending.join(10)
    return answer


def send(ours, body, chunked):
    try:
        for start in range(0, len(body), len(CHUNK)):
            part = body[start : start + len(CHUNK)]
            ours.sendall(b"%x\r\n%b\r\n" % (len(part), part) if chunked else part)
    except OSError:
        # Refused in the middle: the answer says why.
        return
    if chunked:
        ours.sendall(b"0\r\n\r\n")
