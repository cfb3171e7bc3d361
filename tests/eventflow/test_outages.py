"""While Redis is away nothing is lost, no answer is a 500, and live metrics come back."""

import json
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from websockets.sync.client import connect

from events.models import Event
from tests.support.factories import PASSWORD, make_event, make_person, make_reservation
from tests.support.http_client import HttpClient
from tests.support.processes import wait_until
from tests.support.server_process import serving
from tests.support.smtp_server import free_port

pytestmark = [
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
    words = [
        program,
        "--bind",
        "127.0.0.1",
        "--port",
        str(port),
        "--save",
        "",
        "--dir",
        str(folder),
        "--logfile",
        str(folder / "redis.log"),
    ]
    process = subprocess.Popen(words)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def numbers_over_socket(port: int, event: Event) -> dict[str, int]:
    with connect(f"ws://127.0.0.1:{port}/ws/events/{event.pk}/") as socket:
        return json.loads(socket.recv(timeout=60))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=["refused", "hung"])
def test_check_in_and_live_metrics_go_on_without_redis(how, tmp_path):
    event = make_event(seats_limit=2)
    maja, jonas, organizer = (
        make_person("Maja Wiśniewska"),
        make_person("Jonas Weber"),
        event.organizer,
    )
    early = make_reservation(event)
    port = free_port()
    with (
        redis(port, tmp_path) as server,
        serving(tmp_path / "web.log", REDIS_URL=f"redis://127.0.0.1:{port}/0") as site,
    ):
        page, answers = event.get_absolute_url(), []
        before = HttpClient(site.port)
        before.log_in(maja.email, PASSWORD)
        before.post(f"/events/{event.pk}/reserve/", page=page)

        with connect(f"ws://127.0.0.1:{site.port}/ws/events/{event.pk}/") as watching:
            assert json.loads(watching.recv(timeout=60))["pending_count"] == 2
            server.send_signal(how)

            after, panel = HttpClient(site.port), HttpClient(site.port)
            answers += [
                after.log_in(jonas.email, PASSWORD),
                panel.log_in(organizer.email, PASSWORD),
            ]
            answers += [after.post(f"/events/{event.pk}/reserve/", page=page)]
            queue = f"/organizer/events/{event.pk}/queue/"
            answers += [
                panel.post(f"/organizer/reservations/{early.pk}/confirm/", page=queue),
                panel.get(queue),
            ]
            door = f"/organizer/events/{event.pk}/check-in/"
            answers += [panel.post(f"/organizer/reservations/{early.pk}/check-in/", page=door)]

            assert [answer.status for answer in answers] == [302, 302, 302, 302, 200, 200]
            assert max(answer.seconds for answer in answers) < ANSWER_SECONDS
            event.refresh_from_db()
            assert (event.confirmed_count, event.pending_count, event.checked_in_count) == (1, 2, 1)
            # Without hints the socket looks for itself.
            wait_until(
                lambda: json.loads(watching.recv(timeout=RETURN_SECONDS))["checked_in_count"] == 1,
                seconds=RETURN_SECONDS,
            )

            server.kill()
            server.wait()
            with redis(port, tmp_path):
                before.post(
                    f"/reservations/{early.event.reservations.get(person=maja).pk}/cancel/",
                    page=page,
                )
                wait_until(
                    lambda: json.loads(watching.recv(timeout=RETURN_SECONDS))["pending_count"] == 1,
                    seconds=RETURN_SECONDS,
                )
        assert numbers_over_socket(site.port, event)["pending_count"] == 1
        assert " 500 " not in (tmp_path / "web.log").read_text()
