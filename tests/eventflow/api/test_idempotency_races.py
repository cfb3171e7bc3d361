"""Idempotency-Key: the same request sent many times at once is done once."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from eventflow.api import idempotency
from eventflow.api.models import Replay
from eventflow.core.audit import AuditEntry
from events.models import Event
from events.services import lock
from tests.eventflow.api.clients import Api, data, refused
from tests.eventflow.api.event_data import CREATE, fields
from tests.eventflow.api.keyed_requests import assert_replay
from tests.support.factories import make_event, make_organizer, make_person

pytestmark = pytest.mark.both

db = pytest.mark.django_db

threaded = pytest.mark.django_db(transaction=True)


@threaded
def test_key_in_flight_is_refused_and_later_replayed(monkeypatch):
    event = make_event()
    maja, path = Api(make_person()), f"/events/{event.pk}/register/"
    claimed, claim = threading.Event(), idempotency.KeyedRequest.__enter__

    def enter(attempt):
        claim(attempt)
        claimed.set()

    monkeypatch.setattr(idempotency.KeyedRequest, "__enter__", enter)

    def reserve():
        try:
            return maja.post(path, key="k")
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            lock(event.pk)  # whoever reserves waits for us
            first = pool.submit(reserve)
            assert claimed.wait(30)
            second = maja.post(path, key="k")
            assert not first.done()
        first = first.result(30)
    assert refused(second) == (409, "idempotency_in_flight")
    assert second["Retry-After"] == "1"
    assert data(first, 201)["status"] == "pending"
    assert_replay(first, maja.post(path, key="k"))


def at_once(key):
    """How many times each status was the answer to six who create an event at the same time."""
    api, barrier = Api(make_organizer()), threading.Barrier(6)

    def create(_):
        barrier.wait(timeout=60)
        try:
            return api.post(CREATE, fields(), key=key).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        return Counter(pool.map(create, range(6)))


def creations():
    """What the audit log says of the deed; it also says who signed in."""
    return AuditEntry.objects.filter(action="event.create")


@threaded
def test_simultaneous_requests_with_one_key_run_once():
    assert at_once("k").keys() <= {201, 409}
    assert (Event.objects.count(), creations().count(), Replay.objects.count()) == (1, 1, 1)


@threaded
def test_simultaneous_requests_with_one_key_run_once_without_the_cache(monkeypatch):
    """The claim in the cache only spares the waiting; the unique row is what holds."""
    monkeypatch.setattr(idempotency.KeyedRequest, "__enter__", lambda attempt: None)
    assert at_once("k") == {201: 6}
    assert (Event.objects.count(), creations().count(), Replay.objects.count()) == (1, 1, 1)


@threaded
def test_simultaneous_requests_without_a_key_all_run():
    assert at_once("") == {201: 6}
    assert Event.objects.count() == 6


@db
def test_key_costs_two_statements_and_a_transaction():
    api = Api(make_organizer())
    costs = []
    for key in ("", "k"):
        with CaptureQueriesContext(connection) as statements:
            data(api.post(CREATE, fields(), key=key), 201)
        costs.append(len(statements))
    assert costs[1] - costs[0] == 5
