"""One refresh token sent many times at once."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.sessions.backends.base import UpdateError
from django.db import connection
from django.db.models import QuerySet

from accounts import tokens
from eventflow.core.errors import Refused
from tests.eventflow.api.clients import Api, data
from tests.support.factories import PASSWORD, make_person

pytestmark = pytest.mark.both

threaded = pytest.mark.django_db(transaction=True)
# Without the lock ten are enough to see the damage.
ROUNDS, AT_ONCE = 50 if os.environ.get("LONG") else 15, 6


def parallel(token, barrier):
    try:
        barrier.wait(timeout=60)
        return tokens.refresh(token)
    except Refused as refusal:
        return refusal.code
    except UpdateError:  # without the lock: somebody else ended the family in the meantime
        return "lost"
    finally:
        connection.close()


def race(rounds):
    """For each round, what came of one refresh token used by six at once."""
    person = make_person()
    barrier = threading.Barrier(AT_ONCE)
    outcomes = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in range(rounds):
            token = sign_in_quietly(person)
            outcomes.append(list(pool.map(parallel, [token] * AT_ONCE, [barrier] * AT_ONCE)))
    return outcomes


def sign_in_quietly(person):
    return data(Api().post("/login/", {"email": person.email, "password": PASSWORD}))["refresh"]


@threaded
def test_parallel_refreshes_of_one_token_give_one_and_the_same_pair(settings):
    settings.ACCOUNT_RATE_LIMITS = False
    for outcome in race(ROUNDS):
        assert all(isinstance(pair, tokens.Tokens) for pair in outcome), outcome
        assert len({*outcome}) == 1


@threaded
@pytest.mark.postgresql
def test_parallel_refreshes_without_the_lock_give_several(settings, monkeypatch):
    """On SQLite a transaction that may write is a lock, which no setting of ours can switch off."""
    settings.ACCOUNT_RATE_LIMITS = False
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **kwargs: self)
    assert any(len({*outcome}) > 1 for outcome in race(10))
