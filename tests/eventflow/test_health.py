"""Probes tell load balancers whether the database answers; no request waits for one that hangs."""

import asyncio
import contextlib
import json
import signal
import socket
import threading
import time
import tomllib

import pytest
from django.conf import settings as product
from django.db.migrations.recorder import MigrationRecorder

from eventflow.observability import health
from tests.eventflow.http_sockets import serving_slow_pages
from tests.support.processes import wait_until
from tests.support.redis_server import running_redis
from tests.support.server_process import serving

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.both
def test_health_is_exactly_the_contract(client, settings):
    settings.REDIS_URL = ""
    answer = client.get("/health/")
    version = tomllib.loads((product.BASE_DIR / "pyproject.toml").read_text())["project"]["version"]
    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "ok", "db_ok": True, "redis_ok": None, "version": version},
    )
    assert "no-store" in answer["Cache-Control"]
    assert client.post("/health/").status_code == 405


def test_health_tells_of_the_build_what_the_builder_said(client, settings):
    settings.REDIS_URL = ""
    settings.APP_VERSION, settings.GIT_COMMIT, settings.BUILD_TIME = (
        "2026.11",
        "0123abc",
        "2026-11-30T00:00:00Z",
    )
    told = client.get("/health/").json()
    assert (told["version"], told["commit"], told["build_time"]) == (
        "2026.11",
        "0123abc",
        "2026-11-30T00:00:00Z",
    )


@pytest.mark.both
def test_health_costs_the_request_no_query(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        client.get("/health/")


@pytest.mark.process("the server's own answers")
@pytest.mark.once(on="postgresql")
@pytest.mark.parametrize(("take", "ok"), [(None, True), ("stop", False), ("hang", False)])
def test_health_tells_of_redis_and_stays_well_without_it(client, settings, tmp_path, take, ok):
    with running_redis(tmp_path) as redis:
        settings.REDIS_URL = redis.url
        if take:
            getattr(redis, take)()
        began = time.monotonic()
        answer = client.get("/health/")
        assert time.monotonic() - began < 5, (
            "a second, and what a busy machine adds; Redis would not answer at all"
        )
        assert (answer.status_code, answer.json()["status"], answer.json()["redis_ok"]) == (
            200,
            "ok",
            ok,
        )
        if take == "hang":
            redis.wake()


@pytest.mark.process("the server's own answers")
def test_health_fails_without_the_database_and_heals(tmp_path):
    database, kept = tmp_path / "db", tmp_path / "kept"
    with serving(tmp_path / "log", DATABASE_URL="", REDIS_URL="", TEST_DATABASE=database) as site:
        database.rename(kept)
        database.mkdir()
        answer = site.get("/health/")
        assert (
            answer.status,
            answer.read().startswith(b'{"status": "fail", "db_ok": false, "redis_ok": null'),
        ) == (503, True)
        database.rmdir()
        kept.rename(database)
        assert site.get("/health/").status == 200
        assert "Traceback" not in site.log.read_text()


def test_check_that_hangs_is_given_up_and_not_asked_twice(monkeypatch):
    monkeypatch.setattr(health, "CHECK_SECONDS", 0.2)
    asked, hangs = [], threading.Event()

    def hang():
        asked.append(1)
        hangs.wait(10)

    check = health.Check(hang)
    began = time.monotonic()
    assert [check.passes() for _ in range(3)] == [False] * 3
    assert time.monotonic() - began < 5, "three times 0.2 s; ten if it had waited for an answer"
    assert len(asked) == 1
    hangs.set()
    assert check.passes()


# --- Live and ready -------------------------------------------------------------------------------

READY = {
    "status": "ok",
    "db_ok": True,
    "migrated": True,
    "stopping": False,
    "version": health.VERSION,
}


@pytest.fixture(scope="module")
def small(django_db_setup, tmp_path_factory):
    """Two threads, a line of two."""
    log = tmp_path_factory.mktemp("site") / "log"
    with serving_slow_pages(log) as site:
        yield site


def post_to(site, path):
    with contextlib.closing(socket.create_connection(("127.0.0.1", site.port), timeout=60)) as ours:
        ours.sendall(
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n".encode()
        )
        return ours.recv(4096).split(b" ")[1]


@pytest.mark.process("the server's own answers")
@pytest.mark.parametrize("slash", ["", "/"])
def test_probes_answer_with_and_without_a_slash_to_any_host_and_keep_nothing(small, slash):
    alive, ready = (
        small.get(f"/health/live{slash}", Host="10.0.0.7"),
        small.get(f"/health/ready{slash}", Host="10.0.0.7"),
    )
    assert (alive.status, alive.headers["Cache-Control"]) == (200, "no-store")
    assert json.loads(alive.read()) == {"status": "ok", "version": health.VERSION}
    assert (ready.status, ready.headers["Cache-Control"]) == (200, "no-store")
    assert small.json(f"/health/ready{slash}") == READY
    assert [post_to(small, f"/health/{name}{slash}") for name in ("live", "ready")] == [
        b"405",
        b"405",
    ]


@pytest.mark.process("the server's own answers")
def test_probes_answer_while_every_thread_works_and_the_line_is_full(tmp_path):
    with serving_slow_pages(tmp_path / "log") as site:
        busy = [site.ask("/slow/60/") for _ in range(4)]
        wait_until(lambda: site.get("/slow/0/").status == 503)
        assert (site.get("/health/live").status, site.json("/health/ready")) == (200, READY)
        assert len(busy) == 4


@pytest.mark.process("the server's own answers")
@pytest.mark.once
def test_hanging_database_makes_a_process_unready_and_leaves_it_alive(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgres://eventflow@127.0.0.1:{silent.getsockname()[1]}/eventflow"
        with serving(
            tmp_path / "log", DATABASE_URL=url, REDIS_URL="", EMAIL_HOST="127.0.0.1", DEBUG=False
        ) as site:
            answers = [site.get("/health/ready") for _ in range(3)]
            assert [answer.status for answer in answers] == [503] * 3
            assert answers[0].read().startswith(b'{"status": "fail", "db_ok": false')
            assert site.get("/health/live").status == 200


@pytest.mark.both
def test_process_is_ready_after_its_migrations_and_does_not_check_again():
    last = MigrationRecorder.Migration.objects.filter(app="tickets").latest("id")
    last.delete()
    check = health.OnceCheck(health.check_migrations)
    try:
        assert asyncio.run(check.answers()) is False
    finally:
        last.save(force_insert=True)
    assert asyncio.run(check.answers()) is True

    def check_again():
        raise AssertionError("the migrations are checked once")

    check.run = check_again
    assert asyncio.run(check.answers()) is True


@pytest.mark.process("the server's own answers")
def test_sigterm_turns_ready_off_before_it_turns_anybody_away(tmp_path):
    with serving(
        tmp_path / "log",
        DJANGO_SETTINGS_MODULE="tests.support.http_settings",
        REDIS_URL="",
        DRAIN_SECONDS=2,
    ) as site:
        assert site.json("/health/ready") == READY
        site.process.send_signal(signal.SIGTERM)
        ready = wait_until(lambda: (answer := site.get("/health/ready")).status == 503 and answer)
        assert b'"stopping": true' in ready.read()
        page = site.get("/slow/0/")
        # A proxy that keeps connections gets rid of them this way, each after an answer.
        assert (page.status, page.headers["Connection"]) == (200, "close")
        assert site.get("/health/live").status == 200
        last = site.ask("/slow/2.5/")
        assert last.recv(100).startswith(b"HTTP/1.1 200")
        assert site.wait_for_end() == 0
        with pytest.raises(ConnectionRefusedError):
            site.get("/health/live")
