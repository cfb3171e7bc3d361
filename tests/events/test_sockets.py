"""The socket of an event, seen from outside: who is let in, what comes, and what becomes of those who misbehave."""

import contextlib
import json
import re
import signal
import socket
import subprocess
import time

import pytest
from django.test import Client
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from events import services
from tests.support.factories import PASSWORD, make_admin, make_event, make_organizer, make_person
from tests.support.http_client import Visitor
from tests.support.processes import command, environment
from tests.support.server_process import serving

pytestmark = pytest.mark.django_db(transaction=True)
MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def site(django_db_setup, django_db_blocker, tmp_path_factory):
    with serving(tmp_path_factory.mktemp("site") / "log", REDIS_URL="") as running:
        yield running


def watch(site, event, *, query="", by=None, **headers):
    """An open socket, as this person's."""
    if by is not None:
        client = Client()
        client.force_login(by)
        headers["Cookie"] = f"sessionid={client.cookies['sessionid'].value}"
    return connect(
        f"ws://127.0.0.1:{site.port}/ws/events/{getattr(event, 'pk', event)}/{query}",
        additional_headers=headers,
    )


def first(socket):
    return json.loads(socket.recv(timeout=60))


def close_code(socket):
    """With which code the server closes, whatever it says before."""
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            socket.recv(timeout=60)
    return closed.value.rcvd.code


# --- What comes -------------------------------------------------------------------------------------------------------


def test_socket_sends_exactly_the_contract(site):
    event = make_event(seats_limit=50, confirmed_count=12, pending_count=3, checked_in_count=7)
    with watch(site, event) as ours:
        assert ours.recv(timeout=60) == json.dumps(
            {
                "type": "metrics",
                "event_id": event.pk,
                "confirmed_count": 12,
                "pending_count": 3,
                "checked_in_count": 7,
                "spots_left": 38,
            }
        )


def test_socket_sends_pages_snippets_that_hold_numbers_only(site):
    event = make_event(seats_limit=50, confirmed_count=12, pending_count=3, checked_in_count=7)
    with watch(site, event, query="?format=html") as ours:
        html = ours.recv(timeout=60)
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


def test_socket_sends_the_parts_that_it_was_asked_for(site):
    with watch(site, make_event(), query="?format=html&parts=bar,pending,unknown") as ours:
        assert re.findall(r'id="live-([\w-]+)"', ours.recv(timeout=60)) == ["pending", "bar"]


def test_reservation_in_the_browser_reaches_everybody_who_watches(site):
    event, maja = make_event(), make_person()
    visitor = Visitor(site.port)
    visitor.log_in(maja.email, PASSWORD)
    with watch(site, event) as json_socket, watch(site, event, query="?format=html") as html_socket:
        first(json_socket), html_socket.recv(timeout=60)
        time.sleep(0.7)
        visitor.post(f"/events/{event.pk}/reserve/", page=event.get_absolute_url())
        assert first(json_socket)["pending_count"] == 1
        assert '<data id="live-pending" value="1" hx-swap-oob="true">1</data>' in html_socket.recv(
            timeout=60
        )


def test_two_hundred_sockets_hear_the_same(site):
    event, maja = make_event(), make_person()
    visitor = Visitor(site.port)
    visitor.log_in(maja.email, PASSWORD)
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(watch(site, event)) for _ in range(200)]
        assert {first(ours)["pending_count"] for ours in sockets} == {0}
        visitor.post(f"/events/{event.pk}/reserve/", page=event.get_absolute_url())
        for ours in sockets:
            # A heartbeat may have come before.
            while first(ours)["pending_count"] != 1:
                pass


# --- Who is let in ----------------------------------------------------------------------------------------------------


def test_draft_is_shown_to_those_who_manage_it_and_looks_missing_to_others(site):
    draft = make_event(status="draft")
    for manager in (draft.organizer, make_admin()):
        with watch(site, draft, by=manager) as ours:
            assert first(ours)["event_id"] == draft.pk
    helper = make_person()
    services.add_door_staff(draft, email=helper.email, by=draft.organizer)
    for stranger in (None, make_person(), make_organizer(), helper):
        with watch(site, draft, by=stranger) as ours:
            assert close_code(ours) == 4404


def test_blocked_organizer_no_longer_sees_the_draft(site):
    draft = make_event(status="draft")
    client = Client()
    client.force_login(draft.organizer)
    draft.organizer.is_active = False
    draft.organizer.save()
    with watch(site, draft, Cookie=f"sessionid={client.cookies['sessionid'].value}") as ours:
        assert close_code(ours) == 4404


@pytest.mark.parametrize(
    "path",
    [
        "/ws/events/999999/",
        "/ws/events/99999999999999999999999/",
        "/ws/events/x/",
        "/ws/events/1/more/",
        "/ws/",
        "/",
    ],
)
def test_nothing_there_closes_with_4404(site, path):
    with connect(f"ws://127.0.0.1:{site.port}{path}") as ours:
        assert close_code(ours) == 4404


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:1", "http://127.0.0.1.evil.example"]
)
def test_pages_of_others_are_turned_away(site, origin):
    with pytest.raises(InvalidStatus) as refused:
        watch(site, make_event(), Origin=origin)
    assert refused.value.response.status_code == 403


def test_our_pages_known_front_ends_and_programs_are_served(tmp_path):
    event = make_event()
    with serving(
        tmp_path / "log", REDIS_URL="", CORS_ALLOWED_ORIGINS="https://front.example.org"
    ) as site:
        for headers in (
            {},
            {"Origin": f"http://127.0.0.1:{site.port}"},
            {"Origin": "https://front.example.org"},
        ):
            with watch(site, event, **headers) as ours:
                assert first(ours)["event_id"] == event.pk


def test_other_host_is_turned_away(site):
    """A name that somebody else points at us, so that their page has our origin."""
    answer = handshake(
        site, make_event(), b"Host: evil.example", b"Origin: http://evil.example"
    ).recv(4096)
    assert answer.startswith(b"HTTP/1.1 403")


def test_socket_is_put_off_while_the_database_fails(tmp_path):
    with serving(
        tmp_path / "log", REDIS_URL="", TEST_DATABASE=tmp_path / "empty.sqlite3", DATABASE_URL=""
    ) as site:
        with watch(site, 1, Cookie="sessionid=abcdefghijklmnopqrstuvwxyz123456") as ours:
            assert close_code(ours) == 1013
        assert "Traceback" not in site.log.read_text()


# --- Those who misbehave ----------------------------------------------------------------------------------------------


def test_a_few_words_are_let_pass(site):
    with watch(site, make_event()) as ours:
        first(ours)
        for _ in range(5):
            ours.send("hello")
        ours.ping().wait(5)
        with pytest.raises(TimeoutError):
            ours.recv(timeout=0.5)


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
def test_those_who_say_too_much_are_sent_away(site, frames, code):
    with watch(site, make_event()) as ours:
        first(ours)
        try:
            for frame in frames:
                ours.send(frame)
        except ConnectionClosed:
            pass
        assert close_code(ours) == code


def test_flood_of_pings_by_somebody_who_reads_nothing_costs_no_memory(site):
    event = make_event()
    with watch(site, event) as other:
        first(other)
        before, ours = site.memory(), handshake(site, event)
        ping = b"\x89\xfd\x00\x00\x00\x00" + b"x" * 125
        with pytest.raises(OSError):
            for _ in range(2_000):
                ours.sendall(ping * 1000)
        assert site.memory() - before < 20 * MEGABYTE
        # Those who behave notice nothing.
        other.ping().wait(5)


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


# --- What they cost ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def crowd(django_db_setup, django_db_blocker):
    """What a server says of itself with many sockets at one event."""
    with django_db_blocker.unblock():
        event = make_event()
        words = command(
            "shell",
            "-v0",
            "-c",
            f"from tests.support import socket_load; socket_load.main({event.pk})",
        )
        done = subprocess.run(
            words,
            env=environment(REDIS_URL=""),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def test_socket_costs_no_task_and_few_objects(crowd):
    """Bytes differ from run to run; what makes them up doesn't."""
    assert crowd["a_socket"]["connections"] == 1
    assert crowd["a_socket"]["tasks"] == 0
    assert crowd["a_socket"]["objects"] < 40


def test_who_reads_nothing_costs_no_more_than_one_who_reads_and_sees_the_newest_in_the_end(crowd):
    a_frame, slow = 200, crowd["slow"]
    assert 0 < slow["bytes_waiting"] <= slow["bytes_allowed"] + a_frame
    assert slow["seen_last"] == slow["offered"]


# --- The end ----------------------------------------------------------------------------------------------------------


def test_sigterm_closes_sockets_with_1001(tmp_path):
    event = make_event()
    with serving(tmp_path / "log", REDIS_URL="") as site:
        # This one never answers the close.
        deaf = handshake(site, event)
        with (
            watch(site, event) as json_socket,
            watch(site, event, query="?format=html") as html_socket,
        ):
            first(json_socket), html_socket.recv(timeout=60)
            site.process.send_signal(signal.SIGTERM)
            assert [close_code(ours) for ours in (json_socket, html_socket)] == [1001, 1001]
        assert site.ends() == 0
        deaf.close()
        assert "Traceback" not in site.log.read_text()


def handshake(site, event, *headers):
    """A socket opened by hand, for those who break the rules afterwards."""
    ours = socket.create_connection(("127.0.0.1", site.port), timeout=60)
    key = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    own = (
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Version: 13",
        key,
        *(headers or (b"Host: localhost",)),
    )
    ours.sendall(b"\r\n".join((f"GET /ws/events/{event.pk}/ HTTP/1.1".encode(), *own, b"", b"")))
    if not headers:
        assert ours.recv(4096).startswith(b"HTTP/1.1 101")
    return ours


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
def test_malformed_handshake_is_refused_with_one_line_at_most(site, wrong):
    """Whatever is sent, nothing of it is an error of ours: neither a 5xx nor a traceback."""
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
