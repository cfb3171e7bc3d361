"""What load balancers hear: whether the database answers decides, Redis is only told, and nobody waits for who hangs."""

import threading
import time
import tomllib

import pytest
from django.conf import settings as product

from eventflow import health
from tests.redis_server import running_redis
from tests.serving import serving

pytestmark = pytest.mark.django_db(transaction=True)


def test_health_is_exactly_the_contract(client, settings):
    settings.REDIS_URL = ""
    answer = client.get("/health/")
    version = tomllib.loads((product.BASE_DIR / "pyproject.toml").read_text())["project"]["version"]
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "db_ok": True, "redis_ok": None, "version": version})
    assert "no-store" in answer["Cache-Control"]
    assert client.post("/health/").status_code == 405


def test_health_costs_the_request_no_query(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        client.get("/health/")


@pytest.mark.parametrize(("take", "ok"), [(None, True), ("stop", False), ("hang", False)])
def test_health_tells_of_redis_and_stays_well_without_it(client, settings, tmp_path, take, ok):
    with running_redis(tmp_path) as redis:
        settings.REDIS_URL = redis.url
        if take:
            getattr(redis, take)()
        began = time.monotonic()
        answer = client.get("/health/")
        assert time.monotonic() - began < 2
        assert (answer.status_code, answer.json()["status"], answer.json()["redis_ok"]) == (200, "ok", ok)
        if take == "hang":
            redis.wake()


def test_health_fails_without_the_database_and_heals(tmp_path):
    database, kept = tmp_path / "db", tmp_path / "kept"
    with serving(tmp_path / "log", DATABASE_URL="", REDIS_URL="", TEST_DATABASE=database) as site:
        database.rename(kept)
        database.mkdir()
        answer = site.get("/health/")
        assert (answer.status, answer.read().startswith(b'{"status": "fail", "db_ok": false, "redis_ok": null')) == (503, True)
        database.rmdir()
        kept.rename(database)
        assert site.get("/health/").status == 200
        assert "Traceback" not in site.log.read_text()


def test_check_that_hangs_is_given_up_and_not_asked_twice(monkeypatch):
    monkeypatch.setattr(health, "CHECK_SECONDS", 0.2)
    asked, hangs = [], threading.Event()
    check = health.Check(lambda: asked.append(1) or hangs.wait(10))
    began = time.monotonic()
    assert [check.passes() for _ in range(3)] == [False] * 3
    assert time.monotonic() - began < 1
    assert len(asked) == 1
    hangs.set()
    assert check.passes()
