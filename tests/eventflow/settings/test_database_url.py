"""The settings of the database."""

import pytest

from tests.eventflow.settings.environments import POSTGRESQL, REAL, ROOT

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("sqlite:////{}/here/db.sqlite3", "{}/here/db.sqlite3"),
        ("sqlite:////{}/db?timeout=1&transaction_mode=DEFERRED", "{}/db"),
    ],
)
def test_sqlite_named_by_its_url_is_told_what_the_embedded_one_is(started, tmp_path, url, name):
    embedded = started()
    named = started(
        **REAL | {"DEBUG": "True", "DATABASE_URL": url.format(str(tmp_path).lstrip("/"))}
    )
    ours, theirs = (found["DATABASES"]["default"] for found in (embedded, named))
    assert theirs["NAME"] == name.format(tmp_path)
    assert {**theirs, "NAME": "", "TEST": {}} == {**ours, "NAME": "", "TEST": {}}
    assert theirs["OPTIONS"]["timeout"] == 20
    assert named["LOG_FORMAT"] == embedded["LOG_FORMAT"] == "text"
    assert named["EMBEDDED"]


def test_relative_sqlite_url_begins_at_the_project(started):
    assert started(**REAL | {"DATABASE_URL": "sqlite:///db.sqlite3"})["DATABASES"]["default"][
        "NAME"
    ] == str(ROOT / "db.sqlite3")


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "psql", "pgsql"])
def test_postgresql_has_many_names_and_one_engine(started, scheme):
    found = started(
        **POSTGRESQL
        | {"DATABASE_URL": f"{scheme}://eventflow:eventflow@db:5432/eventflow?sslmode=require"}
    )
    database = found["DATABASES"]["default"]
    assert (database["ENGINE"], database["PASSWORD"], found["EMBEDDED"]) == (
        "eventflow.core.postgresql",
        "eventflow",
        False,
    )
    assert database["OPTIONS"] == {"connect_timeout": 2, "sslmode": "require"}


@pytest.mark.parametrize(
    "url",
    [
        "mysql://a:word@b/c",
        "postgis://a:word@b/c",
        "cockroachdb://a:word@b/c",
        "word",
        "postgres://a:word@c:port/x",
        "x://word/y",
    ],
)
def test_other_databases_are_refused_without_showing_the_password(refused, recwarn, url):
    sentence = refused(**POSTGRESQL | {"DATABASE_URL": url})
    assert sentence.startswith(
        "DATABASE_URL is postgres://user:password@host:5432/name or sqlite:////path/to/file:"
    )
    assert "word@" not in sentence.replace("password@", "") and not recwarn.list


@pytest.mark.parametrize("url", ["sqlite://", "sqlite://:memory:", "sqlite:///:memory:"])
def test_sqlite_without_a_file_is_refused(refused, url):
    assert refused(**POSTGRESQL | {"DATABASE_URL": url}).startswith(
        "DATABASE_URL names a SQLite database without a file"
    )
