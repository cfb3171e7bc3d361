"""An event's socket on our own server: limits, malformed input, cost and the orderly stop.

What clients are promised on every server is in tests/eventflow/test_any_server.py.
"""

import contextlib
import json
import os
import re
import signal
import socket

import pytest
from websockets.exceptions import ConnectionClosed

from tests.support.factories import PASSWORD, make_event, make_person
from tests.support.http_client import HttpClient
from tests.support.processes import command, run
from tests.support.server_process import serving
from tests.support.socket_client import close_code, counts, handshake, watch

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.process("our own server is what is tested"),
]
MEGABYTE = 1024 * 1024
MANY = 200 if os.environ.get("LONG") else 60


@pytest.fixture(scope="module")
def site(django_db_setup, django_db_blocker, tmp_path_factory):
    with serving(tmp_path_factory.mktemp("site") / "log", REDIS_URL="") as running:
        yield running


# Frames


def test_socket_sends_snippets_that_hold_numbers_only(site):
    event = make_event(seats_limit=50, confirmed_count=12, pending_count=3, checked_in_count=7)
    with watch(site, event, query="?format=html") as ours:
        html = str(ours.recv(timeout=60))
    assert re.findall(r'<data id="([\w-]+)" value="(\d+)" hx-swap-oob="true">\2</data>', html) == [
        ("live-confirmed", "12"),
        ("live-pending", "3"),
        ("live-checked-in", "7"),
        ("live-spots-left", "38"),
        ("live-seats-limit", "50"),
    ]
    assert re.findall(r'<svg [^>]*id="([\w-]+)" aria-hidden="true" hx-swap-oob="true"', html) == [
        "live-bar",
        "live-bar-door",
    ]
    # One rendering for every language: nothing in it is a word.
    assert set(re.sub(r"<[^>]*>", "", html)) <= set("0123456789\n ")
    assert "style=" not in html


def test_sockets_of_one_event_receive_the_same_counts(site):
    event, maja = make_event(), make_person()
    visitor = HttpClient(site.port)
    visitor.log_in(maja.email, PASSWORD)
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(watch(site, event)) for _ in range(MANY)]
        assert {counts(ours)["pending_count"] for ours in sockets} == {0}
        visitor.post(f"/events/{event.pk}/reserve/", page=event.get_absolute_url())
        for ours in sockets:
            # A heartbeat may have come before.
            while counts(ours)["pending_count"] != 1:
                pass


def test_socket_is_closed_with_1013_while_the_database_fails(tmp_path):
    env = {"REDIS_URL": "", "TEST_DATABASE": tmp_path / "empty.sqlite3", "DATABASE_URL": ""}
    with serving(tmp_path / "log", **env) as site:
        with watch(site, 1, Cookie="sessionid=abcdefghijklmnopqrstuvwxyz123456") as ours:
            assert close_code(ours) == 1013
        assert "Traceback" not in site.log.read_text()


# Limits


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([b"binary"], 1003),
        (["x" * 4097], 1009),
        ([["x" * 3000, "x" * 3000]], 1009),
        (["x"] * 100, 1008),
        ([["x"] * 100], 1008),
    ],
    ids=["binary", "oversized", "oversized in parts", "flood", "unending"],
)
def test_socket_that_breaks_the_limits_is_closed(site, frames, code):
    with watch(site, make_event()) as ours:
        counts(ours)
        try:
            for frame in frames:
                ours.send(frame)
        except ConnectionClosed:
            pass
        assert close_code(ours) == code


def test_flood_of_pings_without_reading_costs_no_memory(site):
    event = make_event()
    with watch(site, event) as other:
        counts(other)
        before, ours = site.memory(), handshake(site, event)
        ping = b"\x89\xfd\x00\x00\x00\x00" + b"x" * 125
        with pytest.raises(OSError):
            for _ in range(2_000):
                ours.sendall(ping * 1000)
        assert site.memory() - before < 20 * MEGABYTE
        # The others notice nothing.
        other.ping().wait(60)


@pytest.mark.parametrize(
    "bytes_sent",
    [
        b"\xff" * 10,
        b"\x81\x05hello",
        b"\x81\x85\x00\x00\x00\x00\xff\xfe\xfd\xfc\xfb",
        b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff" + b"\x00" * 100,
    ],
    ids=["nonsense", "unmasked", "not UTF-8", "announces 2^63 bytes"],
)
def test_malformed_frames_close_the_socket(site, bytes_sent):
    before, ours = site.memory(), handshake(site, make_event())
    ours.sendall(bytes_sent)
    with contextlib.suppress(ConnectionResetError):
        while ours.recv(4096):
            pass
    assert site.memory() - before < 10 * MEGABYTE


# Cost


@pytest.fixture(scope="module")
def load(django_db_setup, django_db_blocker):
    """What a server measures of itself with many sockets at one event."""
    with django_db_blocker.unblock():
        event = make_event()
        code = f"from tests.support import socket_load; socket_load.main({event.pk})"
        done = run(command("shell", "-v0", "-c", code), REDIS_URL="")
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def test_socket_costs_no_task_and_few_objects(load):
    """Objects, not bytes, which differ from run to run."""
    assert load["per_socket"]["connections"] == 1
    assert load["per_socket"]["tasks"] == 0
    assert load["per_socket"]["objects"] < 40


def test_slow_socket_buffers_little_and_gets_the_newest_frame_at_last(load):
    a_frame, slow = 200, load["slow_reader"]
    assert 0 < slow["bytes_waiting"] <= slow["bytes_allowed"] + a_frame
    assert slow["seen_last"] == slow["offered"]


# Stop and handshake


def test_sigterm_closes_sockets_with_1001(tmp_path):
    event = make_event()
    with serving(tmp_path / "log", REDIS_URL="") as site:
        # This one never answers the close.
        deaf = handshake(site, event)
        with (
            watch(site, event) as json_socket,
            watch(site, event, query="?format=html") as html_socket,
        ):
            counts(json_socket), html_socket.recv(timeout=60)
            site.process.send_signal(signal.SIGTERM)
            assert [close_code(ours) for ours in (json_socket, html_socket)] == [1001, 1001]
        assert site.wait_for_end() == 0
        deaf.close()
        assert "Traceback" not in site.log.read_text()


HANDSHAKE = {
    "request": "GET /ws/events/1/ HTTP/1.1",
    "Host": "localhost",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
BAD_HANDSHAKES = [
    {"Sec-WebSocket-Version": "1"},
    {"Sec-WebSocket-Version": "thirteen"},
    {"Sec-WebSocket-Version": "13\r\nSec-WebSocket-Version: 13"},
    {"Sec-WebSocket-Version": None},
    {"Sec-WebSocket-Key": "short"},
    {"Sec-WebSocket-Key": "!" * 22 + "=="},
    {"Sec-WebSocket-Key": None},
    {"Sec-WebSocket-Protocol": "a, a"},
    {"Sec-WebSocket-Protocol": "zażółć"},
    {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits=x"},
    {"request": "POST /ws/events/1/ HTTP/1.1"},
    {"request": "GET /ws/events/1/ HTTP/1.0"},
    {"request": "GET /ws/events/1/#there HTTP/1.1"},
    {"request": "GET /ws/events/ż/ HTTP/1.1"},
    {"request": "GET //[ws/events/1/ HTTP/1.1"},
    {"request": "GET /ws/events/1/?q=%FF HTTP/1.1"},
    {"Host": None},
    {"Host": "localhost:port"},
    {"Host": "localhost\r\nHost: localhost"},
    {"Origin": "nonsense"},
    {"Origin": "http://[bad"},
    {"Origin": "http://localhost:port"},
    {"Connection": "close"},
    {"X-Words": "żółć \x01"},
    {"Cookie": "sessionid=\xff\xfe"},
]


@pytest.mark.parametrize("wrong", BAD_HANDSHAKES, ids=str)
def test_malformed_handshake_is_refused_with_one_log_line_at_most(site, wrong):
    """It is the client's error: neither a 5xx nor a traceback."""
    before = len(site.log.read_text())
    lines = {**HANDSHAKE, **wrong}
    sent = [
        lines.pop("request"),
        *(f"{name}: {value}" for name, value in lines.items() if value is not None),
        "",
        "",
    ]
    with socket.create_connection(("127.0.0.1", site.port), timeout=60) as ours:
        ours.sendall("\r\n".join(sent).encode())
        answer = ours.recv(4096)
    assert re.match(rb"HTTP/1\.[01] (101|4\d\d) ", answer), answer
    assert site.get("/health/live/").status == 200
    said = site.log.read_text()[before:]
    assert "Traceback" not in said and "Unhandled" not in said
    assert len(re.findall("WARNING|ERROR|CRITICAL", said)) <= 1, said
