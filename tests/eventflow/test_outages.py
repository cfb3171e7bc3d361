"""While Redis is away nothing is lost, no answer is a 500, and live metrics come back."""

import json
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from websockets.sync.client import ClientConnection, connect

from accounts.models import User
from events.models import Event
from tests.support.factories import PASSWORD, make_event, make_person, make_reservation
from tests.support.http_client import Answer, HttpClient
from tests.support.processes import wait_until
from tests.support.server_process import Site, serving
from tests.support.smtp_server import free_port
from tickets.models import Reservation

# SQLite goes with no Redis.
pytestmark = [
    pytest.mark.once(on="postgresql"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.process("a Redis of its own goes away"),
]

# What the product promises while a dependency is away, and after its return.
ANSWER_SECONDS, RETURN_SECONDS = 2.0, 10.0


@contextmanager
def redis(port: int, folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A Redis of this test's own. A killed one can be started again on the same port."""
    program = shutil.which("redis-server")
    assert program, "install redis-server"
    address = ["--bind", "127.0.0.1", "--port", str(port)]
    files = ["--save", "", "--dir", str(folder), "--logfile", str(folder / "redis.log")]
    process = subprocess.Popen([program, *address, *files])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def numbers_over_socket(port: int, event: Event) -> dict[str, int]:
    with connect(f"ws://127.0.0.1:{port}/ws/events/{event.pk}/") as socket:
        return json.loads(socket.recv(timeout=60))


def next_numbers(socket: ClientConnection) -> dict[str, int]:
    return json.loads(socket.recv(timeout=RETURN_SECONDS))


def work_on(site: Site, event: Event, waiting: Reservation, newcomer: User) -> list[Answer]:
    """The newcomer reserves; the organizer confirms the waiting guest and checks them in."""
    queue, door = (f"/organizer/events/{event.pk}/{page}/" for page in ("queue", "check-in"))
    guest, panel = HttpClient(site.port), HttpClient(site.port)
    return [
        guest.log_in(newcomer.email, PASSWORD),
        panel.log_in(event.organizer.email, PASSWORD),
        guest.post(f"/events/{event.pk}/reserve/", page=event.get_absolute_url()),
        panel.post(f"/organizer/reservations/{waiting.pk}/confirm/", page=queue),
        panel.get(queue),
        panel.post(f"/organizer/reservations/{waiting.pk}/check-in/", page=door),
    ]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=["refused", "hung"])
def test_check_in_and_live_metrics_go_on_without_redis(how, tmp_path):
    event = make_event(seats_limit=2)
    maja, jonas = make_person("Maja Wiśniewska"), make_person("Jonas Weber")
    early = make_reservation(event)
    port = free_port()
    with (
        redis(port, tmp_path) as server,
        serving(tmp_path / "web.log", REDIS_URL=f"redis://127.0.0.1:{port}/0") as site,
    ):
        page, before = event.get_absolute_url(), HttpClient(site.port)
        before.log_in(maja.email, PASSWORD)
        before.post(f"/events/{event.pk}/reserve/", page=page)
        reservation = event.reservations.get(person=maja)
        with connect(f"ws://127.0.0.1:{site.port}/ws/events/{event.pk}/") as watching:
            assert json.loads(watching.recv(timeout=60))["pending_count"] == 2
            server.send_signal(how)
            answers = work_on(site, event, early, jonas)
            assert [answer.status for answer in answers] == [302, 302, 302, 302, 200, 200]
            assert max(answer.seconds for answer in answers) < ANSWER_SECONDS
            event.refresh_from_db()
            assert (event.confirmed_count, event.pending_count, event.checked_in_count) == (1, 2, 1)
            # Without notifications the socket asks the database by itself.
            wait_until(
                lambda: next_numbers(watching)["checked_in_count"] == 1, seconds=RETURN_SECONDS
            )

            server.kill()
            server.wait()
            with redis(port, tmp_path):
                before.post(f"/reservations/{reservation.pk}/cancel/", page=page)
                wait_until(
                    lambda: next_numbers(watching)["pending_count"] == 1, seconds=RETURN_SECONDS
                )
        assert numbers_over_socket(site.port, event)["pending_count"] == 1
        assert " 500 " not in (tmp_path / "web.log").read_text()
