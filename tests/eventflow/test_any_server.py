"""What clients are promised, on our own server, on daphne and on uvicorn.

Each server runs in a process of its own, started once for all tests here. It is long because three
servers would start again for a second file.
"""

import contextlib
import json
import re
import socket

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from events import services
from events.live.feeds import HEARTBEAT_SECONDS
from tests.support import asgi_servers
from tests.support.factories import (
    PASSWORD,
    make_admin,
    make_event,
    make_organizer,
    make_person,
    make_reservation,
)
from tests.support.http_client import HttpClient
from tests.support.processes import run, wait_until
from tests.support.smtp_server import free_port
from tests.support.socket_client import close_code, counts, handshake, session_of, watch

pytestmark = [
    pytest.mark.once(on="postgresql"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.process("how a server drives the application is what is tested"),
]

SERVERS = list(asgi_servers.COMMANDS)
OTHERS = [server for server in SERVERS if server != "ours"]
FRONT_END = "https://front.example.org"
SOCKETS_PER_ADDRESS = 8
REMEDY = "Set DATABASE_URL to one, or WEB_PROCESSES=1."


@pytest.fixture(scope="module")
def sites(django_db_setup, django_db_blocker, tmp_path_factory):
    env = {
        "CORS_ALLOWED_ORIGINS": FRONT_END,
        "SOCKETS_PER_ADDRESS": SOCKETS_PER_ADDRESS,
        "TRUSTED_PROXIES": "127.0.0.1",
    }
    with asgi_servers.running(SERVERS, tmp_path_factory.mktemp("servers"), **env) as running:
        yield running


@pytest.fixture(params=SERVERS)
def site(request, sites):
    return sites[request.param]


# Pages


def test_page_and_static_file_are_served(site):
    event = make_event()
    page = site.get(event.get_absolute_url(), Host="localhost")
    assert (page.status, event.title in page.read().decode()) == (200, True)
    style = site.get("/static/css/app.css", Host="localhost")
    assert (style.status, style.getheader("Content-Type")) == (200, 'text/css; charset="utf-8"')


def test_probes_are_served(site):
    assert site.json("/health/live")["status"] == "ok"
    # It gives the database a second, which a busy machine may need more than once.
    wait_until(lambda: site.json("/health/ready")["status"] == "ok")


def test_refusal_of_the_api_is_an_envelope_with_the_headers_of_every_answer(site):
    answer = site.get("/api/events/999999/", Host="localhost", **{"X-Request-ID": "caller-knows-1"})
    assert (answer.status, json.loads(answer.read())["code"]) == (404, "not_found")
    assert answer.getheader("X-Content-Type-Options") == "nosniff"
    assert answer.getheader("X-Request-ID") == "caller-knows-1"


def test_form_is_answered_by_a_redirect(site):
    event, maja = make_event(), make_person()
    visitor = HttpClient(site.port)
    assert visitor.log_in(maja.email, PASSWORD).status == 302
    reserve = f"/events/{event.pk}/reserve/"
    assert visitor.post(reserve, page=event.get_absolute_url()).status == 302
    assert event.reservations.get().person == maja


def test_streamed_file_is_complete(site):
    event = make_event()
    guests = [make_reservation(event, make_person()).person.email for _ in range(3)]
    cookie = f"sessionid={session_of(event.organizer)}"
    file = site.get(f"/organizer/events/{event.pk}/export.csv", Host="localhost", Cookie=cookie)
    assert (file.status, file.getheader("Content-Type")) == (200, "text/csv; charset=utf-8")
    text = file.read().decode()
    assert [email for email in guests if email not in text] == []


def test_body_that_is_too_large_is_refused(site):
    lines = [
        "POST /api/login/ HTTP/1.1",
        "Host: localhost",
        "Content-Type: application/json",
        "Content-Length: 2000000",
    ]
    with socket.create_connection(("127.0.0.1", site.port), timeout=60) as ours:
        ours.sendall("\r\n".join([*lines, "\r\n"]).encode())
        # Ours refuses by the announced length, and may have closed before everything is sent.
        with contextlib.suppress(ConnectionError):
            ours.sendall(b"x" * 2_000_000)
        assert b" 413 " in ours.recv(4096).split(b"\r\n")[0]


# Sockets: what comes


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


def test_socket_sends_the_parts_that_it_was_asked_for(site):
    with watch(site, make_event(), query="?format=html&parts=bar,pending,unknown") as ours:
        assert re.findall(r'id="live-([\w-]+)"', str(ours.recv(timeout=60))) == ["pending", "bar"]


def test_reservation_in_the_browser_reaches_all_sockets(site):
    event, maja = make_event(), make_person()
    visitor = HttpClient(site.port)
    visitor.log_in(maja.email, PASSWORD)
    with watch(site, event) as as_json, watch(site, event, query="?format=html") as as_html:
        assert counts(as_json)["pending_count"] == 0
        assert 'value="0"' in as_html.recv(timeout=60)
        visitor.post(f"/events/{event.pk}/reserve/", page=event.get_absolute_url())
        # A heartbeat may come before.
        while counts(as_json)["pending_count"] != 1:
            pass
        while 'id="live-pending" value="1"' not in as_html.recv(timeout=60):
            pass


def test_heartbeat_repeats_the_counts_on_every_server(sites):
    """One wait for all of them: it takes HEARTBEAT_SECONDS."""
    event = make_event()
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(watch(site, event)) for site in sites.values()]
        first = [counts(ours) for ours in sockets]
        assert [ours.recv(timeout=HEARTBEAT_SECONDS + 60) for ours in sockets] == [
            json.dumps(frame) for frame in first
        ]


# Sockets: who is let in


def test_socket_of_a_draft_is_open_to_its_managers_only(site):
    draft = make_event(status="draft")
    for manager in (draft.organizer, make_admin()):
        with watch(site, draft, by=manager) as ours:
            assert counts(ours)["event_id"] == draft.pk
    helper = make_person()
    services.add_door_staff(draft, email=helper.email, by=draft.organizer)
    for stranger in (None, make_person(), make_organizer(), helper):
        with watch(site, draft, by=stranger) as ours:
            assert close_code(ours) == 4404


def test_socket_of_a_draft_is_closed_to_a_blocked_organizer(site):
    draft = make_event(status="draft")
    cookie = f"sessionid={session_of(draft.organizer)}"
    draft.organizer.is_active = False
    draft.organizer.save()
    with watch(site, draft, Cookie=cookie) as ours:
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
def test_socket_of_an_unknown_path_closes_with_4404(site, path):
    with connect(f"ws://127.0.0.1:{site.port}{path}") as ours:
        assert close_code(ours) == 4404


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:1", "http://127.0.0.1.evil.example"]
)
def test_socket_of_another_origin_is_refused(site, origin):
    with pytest.raises(InvalidStatus) as refused:
        watch(site, make_event(), Origin=origin)
    assert refused.value.response.status_code == 403


def test_socket_of_our_pages_known_front_ends_and_programs_is_served(site):
    event = make_event()
    ours = f"http://127.0.0.1:{site.port}"
    for headers in ({}, {"Origin": ours}, {"Origin": FRONT_END}):
        with watch(site, event, **headers) as socket_there:
            assert counts(socket_there)["event_id"] == event.pk


def test_socket_with_another_host_is_refused(site):
    """A name that somebody else points at us, so that their page has our origin."""
    headers = b"Host: evil.example", b"Origin: http://evil.example"
    answer = handshake(site, make_event(), *headers).recv(4096)
    assert answer.startswith(b"HTTP/1.1 403")


def test_sockets_of_one_address_are_limited(site):
    event = make_event()
    with contextlib.ExitStack() as stack:

        def arrive(address):
            ours = watch(site, event, **{"X-Forwarded-For": address})
            counts(stack.enter_context(ours))
            return ours

        def has_arrived(address):
            with contextlib.suppress(InvalidStatus):
                return arrive(address)

        first = [arrive("192.0.2.7") for _ in range(SOCKETS_PER_ADDRESS)]
        with pytest.raises(InvalidStatus) as refused:
            arrive("192.0.2.7")
        assert refused.value.response.status_code == 403
        # Another address, and a network of IPv6, which counts as one.
        arrive("192.0.2.8")
        for number in range(SOCKETS_PER_ADDRESS):
            arrive(f"2001:db8::{number + 1}")
        with pytest.raises(InvalidStatus):
            arrive("2001:db8::ffff")
        first[0].close()
        wait_until(lambda: has_arrived("192.0.2.7"))


# What a client sends, as bytes, so that all of it arrives before the server's close is sent.
BINARY_FRAME, TEXT_FRAME = b"\x82\x81\0\0\0\0x", b"\x81\x81\0\0\0\0x"


@pytest.mark.parametrize(
    ("frames", "code"),
    [(BINARY_FRAME * 2, 1003), (TEXT_FRAME * 100, 1008)],
    ids=["binary", "flood"],
)
def test_socket_that_breaks_the_limits_is_closed_once(request, site, frames, code):
    """The protocol's own codes on our server; others take none but 3000 and above."""
    with watch(site, make_event()) as ours:
        counts(ours)
        ours.socket.sendall(frames)
        is_ours = "ours" in request.node.callspec.id
        assert close_code(ours) == (code if is_ours else code + 3000)
    assert "Traceback" not in site.log.read_text()


def test_socket_ignores_a_few_frames_of_the_client(site):
    with watch(site, make_event()) as ours:
        counts(ours)
        for _ in range(5):
            ours.send("hello")
        ours.ping().wait(60)
        with pytest.raises(TimeoutError):
            ours.recv(timeout=0.5)


# Start


def test_handshake_is_refused_without_a_traceback_while_the_database_fails(tmp_path):
    env = {"TEST_DATABASE": tmp_path / "empty.sqlite3", "DATABASE_URL": ""}
    daphne = asgi_servers.running(["daphne"], tmp_path, **env)
    with daphne as running, pytest.raises(InvalidStatus):
        watch(running["daphne"], 1)


@pytest.mark.once
@pytest.mark.parametrize("server", OTHERS)
@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"PORT": "eight"}, "PORT is a whole number."),
        (
            {"WEB_PROCESSES": 2},
            f"More than one web process needs PostgreSQL. {REMEDY}",
        ),
    ],
    ids=["no number", "two processes on SQLite"],
)
def test_wrong_setting_ends_the_start_with_one_sentence(tmp_path, server, wrong, sentence):
    embedded = {"DATABASE_URL": "", "REDIS_URL": "", "DATA_DIR": tmp_path}
    words = asgi_servers.command_of(server, free_port())
    done = run(words, **embedded, TEST_DATABASE=tmp_path / "db", **wrong)
    assert done.returncode != 0
    assert done.stderr.splitlines()[-1] == f"EventFlow can't start: {sentence}"
