"""The rate limit: one count for each person, and for each address without a person."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.checks import run_checks
from django.db import connection
from django.test import Client, override_settings

from eventflow.api import limits
from eventflow.core.cache import clients
from tests.eventflow.api.clients import Api, data, refused
from tests.support.factories import make_person
from tests.support.redis_server import running_redis

pytestmark = pytest.mark.django_db
HEADERS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")


@pytest.fixture(autouse=True)
def few(settings):
    """A day's window: none ends in the middle of a test."""
    settings.API_RATE_PERSON, settings.API_RATE_ADDRESS = "3/day", "4/day"


@pytest.fixture
def redis(tmp_path, settings):
    """The cache is in a Redis of this test's own."""
    with running_redis(tmp_path) as server:
        settings.CACHES = {
            "default": {
                "BACKEND": "eventflow.core.cache.BestEffortRedisCache",
                "LOCATION": server.url,
            }
        }
        yield server
    clients.pop(server.url)


def told(answer):
    limit, remaining, reset = (int(answer[name]) for name in HEADERS)
    assert 0 < reset <= 86400
    return limit, remaining


def test_limit_headers_are_on_every_answer():
    maja = Api(make_person())
    answers = [
        maja.get("/users/me/"),
        maja.get("/events/999999/"),
        maja.get("/users/admin/users/"),
        maja.get("/users/me/"),
    ]
    assert [answer.status_code for answer in answers] == [200, 404, 403, 429]
    assert [told(answer) for answer in answers] == [(3, 2), (3, 1), (3, 0), (3, 0)]
    assert refused(answers[-1]) == (429, "throttled")
    assert int(answers[-1]["Retry-After"]) == int(answers[-1]["X-RateLimit-Reset"])


def test_people_have_limits_of_their_own_whatever_tokens_they_hold():
    maja, olek = make_person(), make_person()
    phone, laptop, other = Api(maja), Api(maja), Api(olek)
    assert [told(api.get("/users/me/"))[1] for api in (phone, laptop, other, phone)] == [2, 1, 2, 0]
    assert refused(laptop.get("/users/me/")) == (429, "throttled")
    assert data(other.get("/users/me/"))["id"] == olek.pk


def test_addresses_have_limits_of_their_own_and_bad_tokens_count_there():
    here, there = Client(REMOTE_ADDR="192.0.2.1"), Client(REMOTE_ADDR="192.0.2.2")
    for token in ("", "Bearer nonsense", "Bearer other", "Basic x"):
        here.get("/api/users/me/", headers={"Authorization": token})
    answer = here.get("/api/events/")
    assert refused(answer) == (429, "throttled")
    assert there.get("/api/events/").status_code == 200
    assert data(Api(make_person()).get("/users/me/"))


def test_limit_ignores_a_forged_address():
    answers = [
        Client().get("/api/events/", headers={"X-Forwarded-For": f"192.0.2.{number}"})
        for number in range(5)
    ]
    assert [answer.status_code for answer in answers] == [200] * 4 + [429]


def test_api_limits_can_be_switched_off(settings):
    settings.RATE_LIMITS = False
    answers = [Client().get("/api/events/") for _ in range(6)]
    assert {answer.status_code for answer in answers} == {200}
    assert not any(name in answer for answer in answers for name in HEADERS)


def test_limit_headers_are_not_on_pages():
    for _ in range(6):
        assert "X-RateLimit-Limit" not in Client().get("/")


@pytest.mark.django_db(transaction=True)
def test_limit_holds_for_simultaneous_requests(settings):
    settings.API_RATE_PERSON = "20/day"
    api, barrier = Api(make_person()), threading.Barrier(8)

    def call(_):
        barrier.wait(timeout=60)
        try:
            return [
                Client().get("/api/users/me/", headers=api.headers).status_code for _ in range(5)
            ]
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        statuses = [status for statuses in pool.map(call, range(8)) for status in statuses]
    assert (statuses.count(200), statuses.count(429)) == (20, 20)


@pytest.mark.process("a Redis of its own goes away")
def test_limit_costs_one_cache_call(redis):
    Client().get("/api/events/")
    before = redis.commands()
    for _ in range(3):
        Client().get("/api/events/")
    # Django's incr looks whether the key is there, and counts.
    assert redis.commands() - before == {"exists": 3, "incrby": 3}


@pytest.mark.process("a Redis of its own goes away")
@pytest.mark.parametrize("how", ["stop", "hang"])
def test_limits_go_on_without_redis(redis, how):
    assert told(Client().get("/api/events/")) == (4, 3)
    getattr(redis, how)()
    answers = [Client().get("/api/events/") for _ in range(5)]
    # Each process counts for itself now, from the beginning.
    assert [answer.status_code for answer in answers] == [200] * 4 + [429]


@pytest.mark.parametrize(
    ("rate", "means"), [("600/minute", (600, 60)), ("5/second", (5, 1)), ("0/day", (0, 86400))]
)
def test_rates_are_read(rate, means):
    assert limits.parse_rate(rate) == means


@pytest.mark.parametrize("rate", ["", "600", "600/m", "x/minute", "-1/minute", "1/minute/key"])
def test_malformed_rate_stops_the_start(rate):
    with override_settings(API_RATE_PERSON=rate):
        (error,) = [error for error in run_checks() if error.id == "eventflow.E005"]
    assert error.msg.startswith("API_RATE_PERSON: A rate is written like 600/minute")
