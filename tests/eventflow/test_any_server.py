"""Daphne and uvicorn, as their own commands start them, serve what our own server does.

In processes of their own: how a server drives an application is what is tested.
"""

import contextlib
import json
import signal
import socket
import subprocess
import sys

import pytest
from django.conf import settings
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.support.factories import PASSWORD, make_event, make_person
from tests.support.http_client import Visitor
from tests.support.processes import environment, wait_until
from tests.support.server_process import Site, serving
from tests.support.smtp_server import free_port

pytestmark = pytest.mark.django_db(transaction=True)
SERVERS = {
    "uvicorn": [
        "uvicorn",
        "--port",
        "{port}",
        "--log-level",
        "warning",
        "--no-proxy-headers",
        "eventflow.asgi:application",
    ],
    "daphne": ["daphne", "--port", "{port}", "--verbosity", "0", "eventflow.asgi:application"],
}


@contextlib.contextmanager
def served_by(server, log, **env):
    """The site, once it answers; certainly gone afterwards."""
    port = free_port()
    words = [sys.executable, "-m", *(word.format(port=port) for word in SERVERS[server])]
    with log.open("w") as output:
        process = subprocess.Popen(
            words,
            cwd=settings.BASE_DIR,
            env=environment(**{"DEBUG": True, "REDIS_URL": "", **env}),
            stdout=output,
            stderr=output,
            text=True,
        )
    try:
        wait_until(lambda: process.poll() is not None or answers(port), seconds=300)
        assert process.poll() is None, log.read_text()
        yield Site(process, port, log)
    finally:
        process.kill()
        process.wait()


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.fixture(params=SERVERS, scope="module")
def site(request, django_db_setup, django_db_blocker, tmp_path_factory):
    with served_by(request.param, tmp_path_factory.mktemp(request.param) / "log") as running:
        yield running


def numbers(watching):
    return json.loads(watching.recv(timeout=60))


def watch(site, event, query=""):
    return connect(f"ws://127.0.0.1:{site.port}/ws/events/{getattr(event, 'pk', event)}/{query}")


def test_page_and_static_file_are_served(site):
    event = make_event()
    page = site.get(event.get_absolute_url(), Host="localhost")
    assert (page.status, event.title in page.read().decode()) == (200, True)
    style = site.get("/static/css/app.css", Host="localhost")
    assert (style.status, style.getheader("Content-Type")) == (200, 'text/css; charset="utf-8"')
    assert site.json("/health/live")["status"] == "ok"


def test_socket_hears_of_a_reservation(site):
    event, maja = make_event(), make_person()
    visitor = Visitor(site.port)
    visitor.log_in(maja.email, PASSWORD)
    with watch(site, event) as as_json, watch(site, event, "?format=html") as as_html:
        assert numbers(as_json)["pending_count"] == 0
        assert 'value="0"' in as_html.recv(timeout=60)
        visitor.post(f"/events/{event.pk}/reserve/", page=event.get_absolute_url())
        while numbers(as_json)["pending_count"] != 1:
            pass
        while 'id="live-pending" value="1"' not in as_html.recv(timeout=60):
            pass


@pytest.mark.parametrize(
    ("frames", "code"), [([b"binary"], 4003), (["x"] * 100, 4008)], ids=["binary", "flood"]
)
def test_socket_that_says_too_much_is_closed(site, frames, code):
    with watch(site, make_event()) as ours:
        numbers(ours)
        with pytest.raises(ConnectionClosed) as closed:
            for frame in frames:
                ours.send(frame)
            while True:
                ours.recv(timeout=60)
    assert closed.value.rcvd.code == code


def test_socket_of_an_event_that_is_not_there_is_closed(site):
    with pytest.raises(ConnectionClosed) as closed, watch(site, 999_999) as ours:
        ours.recv(timeout=60)
    assert closed.value.rcvd.code == 4404


def test_body_that_is_too_large_is_refused(site):
    with socket.create_connection(("127.0.0.1", site.port), timeout=60) as ours:
        ours.sendall(
            b"POST /api/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2000000\r\n\r\n"
        )
        ours.sendall(b"x" * 2_000_000)
        assert b" 413 " in ours.recv(4096).split(b"\r\n")[0]


def test_socket_is_refused_while_the_database_fails(tmp_path):
    with served_by(
        "daphne", tmp_path / "log", TEST_DATABASE=tmp_path / "empty.sqlite3", DATABASE_URL=""
    ) as site:
        with pytest.raises(InvalidStatus):
            watch(site, 1)
        assert "Traceback" not in site.log.read_text()


@pytest.mark.parametrize("server", [*SERVERS, "ours"])
def test_address_holds_so_many_sockets_and_no_more(tmp_path, server):
    event, env = (
        make_event(),
        {"SOCKETS_PER_ADDRESS": 3, "REDIS_URL": "", "TRUSTED_PROXIES": "127.0.0.1"},
    )
    start = (
        serving(tmp_path / "log", **env)
        if server == "ours"
        else served_by(server, tmp_path / "log", **env)
    )
    with start as site, contextlib.ExitStack() as stack:

        def arrive(address):
            ours = connect(
                f"ws://127.0.0.1:{site.port}/ws/events/{event.pk}/",
                additional_headers={"X-Forwarded-For": address},
                open_timeout=30,
            )
            numbers(stack.enter_context(ours))
            return ours

        first = [arrive("192.0.2.7") for _ in range(3)]
        with pytest.raises(InvalidStatus) as refused:
            arrive("192.0.2.7")
        assert refused.value.response.status_code == 403
        for address in ("192.0.2.8", "2001:db8::1", "2001:db8::2", "2001:db8::3"):
            arrive(address)
        with pytest.raises(InvalidStatus):
            arrive("2001:db8::4")
        first[0].close()
        wait_until(lambda: has_come(arrive))


def has_come(arrive):
    try:
        arrive("192.0.2.7")
    except InvalidStatus:
        return False
    return True


def test_it_ends_in_order_and_says_nothing_alarming(tmp_path):
    event = make_event()
    with served_by("uvicorn", tmp_path / "log") as site:
        with watch(site, event) as ours:
            numbers(ours)
        site.process.send_signal(signal.SIGTERM)
        site.ends()
        assert "Traceback" not in site.log.read_text() and "rror" not in site.log.read_text(), (
            site.log.read_text()
        )


@pytest.mark.once
@pytest.mark.parametrize("server", SERVERS)
def test_what_can_not_work_ends_the_start_with_one_sentence(tmp_path, server):
    words = [sys.executable, "-m", *(word.format(port=free_port()) for word in SERVERS[server])]
    for wrong, sentence in (
        ({"PORT": "eight"}, "PORT is a whole number."),
        (
            {"WEB_PROCESSES": 2},
            "More than one web process needs PostgreSQL. Set DATABASE_URL to one, or WEB_PROCESSES=1.",
        ),
    ):
        env = environment(
            DATABASE_URL="", REDIS_URL="", DATA_DIR=tmp_path, TEST_DATABASE=tmp_path / "db", **wrong
        )
        done = subprocess.run(
            words,
            cwd=settings.BASE_DIR,
            env=env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode != 0
        assert done.stderr.splitlines()[-1] == f"EventFlow can't start: {sentence}"
