"""Secrets in files, as the settings see them."""

import os

import pytest
from django.core.exceptions import ImproperlyConfigured

from eventflow.environment import Environment, SecretFiles

pytestmark = pytest.mark.once


def env(**variables):
    found = Environment()
    found.ENVIRON = SecretFiles({name: str(value) for name, value in variables.items()})
    return found


@pytest.fixture
def secret(tmp_path):
    def written(text):
        path = tmp_path / "secret"
        path.write_text(text)
        return path

    return written


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "  with spaces inside \n",
        "$begins_with_a_dollar",
        "$$two",
        "pa$$word",
        r"back\slash",
        "ż=#'\"",
    ],
)
def test_value_in_a_file_is_the_value_to_the_letter(secret, text):
    assert (
        env(EMAIL_HOST_PASSWORD_FILE=secret(text)).str("EMAIL_HOST_PASSWORD", default="")
        == text.strip()
    )


def test_value_in_a_file_is_read_like_any_other(secret):
    path = secret("postgres://eventflow:pass%20word@db:5432/eventflow\n")
    database = env(DATABASE_URL_FILE=path).db_url("DATABASE_URL")
    assert (database["HOST"], database["PASSWORD"], database["NAME"]) == (
        "db",
        "pass word",
        "eventflow",
    )
    assert env(EMAIL_PORT_FILE=secret("587\n")).int("EMAIL_PORT", default=25) == 587


def test_blank_variable_beside_the_file_is_no_value(secret):
    assert (
        env(SENTRY_DSN="", SENTRY_DSN_FILE=secret("https://key@sentry.example/1")).str("SENTRY_DSN")
        == "https://key@sentry.example/1"
    )
    assert env(SENTRY_DSN="here", SENTRY_DSN_FILE="").str("SENTRY_DSN") == "here"
    assert env().str("SENTRY_DSN", default="") == ""


def refusal_of(**variables):
    with pytest.raises(ImproperlyConfigured) as refusal:
        env(**variables).str("DJANGO_SECRET_KEY", default="")
    return str(refusal.value)


def test_value_and_file_together_are_refused(secret):
    said = refusal_of(
        DJANGO_SECRET_KEY="from the environment", DJANGO_SECRET_KEY_FILE=secret("from the file")
    )
    assert (
        said
        == "DJANGO_SECRET_KEY and DJANGO_SECRET_KEY_FILE are both set, and one of them must be "
        "wrong: keep the one you mean."
    )


def test_file_that_gives_nothing_is_refused_with_its_name(secret, tmp_path):
    missing = tmp_path / "missing"
    assert (
        refusal_of(DJANGO_SECRET_KEY_FILE=missing)
        == f"DJANGO_SECRET_KEY_FILE={missing} can't be read: No such file or directory."
    )
    assert (
        refusal_of(DJANGO_SECRET_KEY_FILE=tmp_path)
        == f"DJANGO_SECRET_KEY_FILE={tmp_path} can't be read: Is a directory."
    )
    empty = secret(" \n")
    assert refusal_of(DJANGO_SECRET_KEY_FILE=empty) == f"DJANGO_SECRET_KEY_FILE={empty} is empty."
    empty.write_bytes(os.urandom(8) + b"\xff\xfe")
    assert (
        refusal_of(DJANGO_SECRET_KEY_FILE=empty)
        == f"DJANGO_SECRET_KEY_FILE={empty} is not a text file."
    )
