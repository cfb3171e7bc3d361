"""Chooses the tests of this database, and gives each test a clean start."""

import os
import re

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import TransactionTestCase, override_settings
from django.utils import translation

from eventflow.observability import REQUEST_CONTEXT
from events.views import public
from tests.support import costs, emptied_database, forked, migrated_template
from tests.support.smtp_server import SmtpServer
from tickets.ticket import signing_keys

# Minutes long, and not kind to the servers they run on: bin/test --faults.
collect_ignore = [] if os.environ.get("FAULTS") else ["faults"]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Leave out the tests that belong to the other database, and begin with the dearest."""
    here = "sqlite" if settings.EMBEDDED else "postgresql"
    dear = costs.known_costs()
    kept = [item for item in items if here in databases_of(item)]
    left_out = [item for item in items if here not in databases_of(item)]
    # No worker begins something long when the others are about to finish, and a worker that has
    # browser tests does all of them in one go.
    items[:] = sorted(kept, key=lambda item: (not in_browser(item), -dear.get(file_of(item), 0)))
    config.hook.pytest_deselected(items=left_out)


def pytest_sessionfinish():
    """End the fork server before its costs are counted."""
    forked.stop_server()


def file_of(item):
    return item.nodeid.partition("::")[0]


def in_browser(item):
    return file_of(item).startswith("tests/browser/")


def databases_of(item):
    """The databases that this test runs on: SQLite, unless its marks say something else."""
    if item.get_closest_marker("postgresql"):
        return {"postgresql"}
    if once := item.get_closest_marker("once"):
        return {once.kwargs.get("on", "sqlite")}
    if item.get_closest_marker("both") or os.environ.get("LONG"):
        return {"sqlite", "postgresql"}
    return {"sqlite"}


@pytest.fixture(scope="session")
def django_db_keepdb(request, django_db_modify_db_settings, django_db_blocker, pytestconfig):
    """pytest-django's: whether the test database is there already. Ours begins as a copy."""
    if request.config.getvalue("reuse_db"):
        return True
    with django_db_blocker.unblock():
        return migrated_template.use(pytestconfig.cache.mkdir("eventflow"))


@pytest.fixture(scope="session", autouse=True)
def little_is_emptied():
    """Empty only what a test with `transaction=True` has filled."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", emptied_database.empty_database)
        yield


@pytest.fixture(autouse=True)
def nothing_remembered():
    """Let each test begin like a new process, which remembers nothing.

    One fixture, because each of them has its price in every test.
    """
    # Rate limits count in the cache.
    cache.clear()
    # A request keeps its id to the end of its context and its language in its thread, which in a
    # test are those of all tests.
    REQUEST_CONTEXT.set(None)
    translation.deactivate()
    # The database is another one, with other keys, and the same ids, sooner than pages expire.
    signing_keys.loaded_keys.clear()
    public.page_cache.clear()


@pytest.fixture(scope="session", autouse=True)
def locks_name_their_table():
    """Fail a lock that names no table.

    It would lock the rows of every joined table, too, in an order of its own: a deadlock.
    """

    def check(execute, sql, params, many, context):
        assert not locks_joined_rows(sql), f"select_for_update needs of=: {sql}"
        return execute(sql, params, many, context)

    with connection.execute_wrapper(check):
        yield


def locks_joined_rows(sql):
    if " FOR UPDATE" not in sql and " FOR NO KEY UPDATE" not in sql:
        return False
    outer, depth = sql, 1
    while depth:  # what a condition looks up is not locked
        outer, depth = re.subn(r"\([^()]*\)", "", outer)
    return " JOIN " in outer and " UPDATE OF " not in outer


@pytest.fixture(scope="session", autouse=True)
def settings_of_all_tests():
    """Settings of every test that does not change them.

    The real hash of a password takes a third of a second, by design. Each test's first request
    would read the folder of all static files. Decisions are mailed without the ten seconds of
    grace, into memory.
    """
    with override_settings(
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        WHITENOISE_AUTOREFRESH=True,
        MAIL_DECISION_DELAY_SECONDS=0,
        MAILERS={"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}},
    ):
        yield


@pytest.fixture
def smtp_server():
    """A real SMTP server that listens while the test runs."""
    server = SmtpServer()
    server.open()
    yield server
    server.stalled.clear()
    server.close()
