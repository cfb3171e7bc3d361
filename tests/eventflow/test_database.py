"""A kept connection is checked without a statement, and replaced before a request uses it."""

import psycopg
import pytest
from django.conf import settings
from django.core.signals import request_started
from django.db import connection, connections

from eventflow.core.postgresql.base import DatabaseWrapper
from tests.support.factories import make_person
from tests.support.processes import wait_until

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def other():
    """Somebody else at the same database."""
    with psycopg.connect(
        settings.DATABASE_URL, dbname=connection.settings_dict["NAME"], autocommit=True
    ) as other:
        yield other


def backend():
    return connection.connection.info.backend_pid


def next_request():
    request_started.send(sender=None)
    connection.close_if_health_check_failed()


def test_usable_connection_is_not_checked_by_a_statement(other):
    make_person()
    pid, asked = backend(), "SELECT query, query_start FROM pg_stat_activity WHERE pid = %s"
    before = other.execute(asked, [pid]).fetchone()
    next_request()
    assert other.execute(asked, [pid]).fetchone() == before
    make_person()
    assert backend() == pid


def test_connection_that_the_server_ended_is_replaced_before_a_request_meets_it(other):
    make_person()
    pid = backend()
    assert other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid]).fetchone() == (True,)
    next_request()
    make_person()
    assert backend() != pid


def test_unexpected_message_costs_one_statement_and_no_connection(other):
    make_person()
    pid = backend()
    connection.connection.execute("LISTEN news")
    other.execute("NOTIFY news")
    ours = connections["default"]
    assert isinstance(ours, DatabaseWrapper)
    wait_until(lambda: not ours.has_nothing_to_read())
    next_request()
    make_person()
    assert backend() == pid
    connection.connection.execute("UNLISTEN news")
