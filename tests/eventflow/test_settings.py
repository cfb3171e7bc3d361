"""EventFlow starts with its environment, or one sentence says why it does not.

The settings file is run by itself, in this process, on an environment that the test makes.
"""

import os
import re
import runpy
import stat
import subprocess
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from eventflow.environment import OTHERS, OTHERS_BEGIN_WITH, Environment, SecretFiles
from eventflow.mail.files import PrivateFileBackend
from eventflow.operations import checks
from tests.support.processes import command

pytestmark = pytest.mark.once
ROOT = settings.BASE_DIR
KEY = "a-long-and-random-key-of-the-tests-0123456789"
REAL = {"DEBUG": "False", "DJANGO_SECRET_KEY": KEY, "EMAIL_HOST": "127.0.0.1"}
POSTGRESQL = {
    "DATABASE_URL": "postgres://a:word@db:5432/b",
    "DJANGO_SECRET_KEY": KEY,
    "EMAIL_HOST": "mail",
}
# What EventFlow's first published configuration says, letter for letter.
PUBLISHED = """\
DJANGO_SECRET_KEY={key}
DEBUG=False
ALLOWED_HOSTS=*
CSRF_TRUSTED_ORIGINS=http://localhost:3000
CORS_ALLOWED_ORIGINS=http://localhost:3000
DATABASE_URL=postgresql://eventflow:eventflow@db:5432/eventflow
REDIS_URL=redis://redis:6379/0
EMAIL_HOST=smtp.example.com
EMAIL_PORT=587
EMAIL_USE_TLS=True
EMAIL_HOST_USER=user
EMAIL_HOST_PASSWORD=password
DEFAULT_FROM_EMAIL="Events App noreply@example.com"
FRONTEND_ACTIVATION_URL=http://localhost:3000
SENTRY_DSN=
"""


@pytest.fixture
def started(monkeypatch, tmp_path):
    """The settings that this environment gives, as one would see them in django.conf."""

    def start(**env):
        for name in list(os.environ):
            if name not in {"PATH", "HOME"} and not name.startswith("PYTEST"):
                monkeypatch.delenv(name)
        monkeypatch.setenv("DATA_DIR", str(tmp_path / "var"))
        for name, value in env.items():
            monkeypatch.setenv(name, str(value))
        return runpy.run_path(str(ROOT / "eventflow/settings.py"))

    return start


@pytest.fixture
def refused(started):
    def sentence(**env):
        with pytest.raises(ImproperlyConfigured) as refusal:
            started(**env)
        assert "\n" not in str(refusal.value)
        return str(refusal.value)

    return sentence


# --- A trial, and what is none --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("env", "trial", "mail_page"),
    [
        ({}, True, True),
        ({"DEBUG": "True"}, True, True),
        ({"DEBUG": ""}, True, True),
        ({"EMAIL_HOST": "127.0.0.1"}, True, False),
        ({"HOST": "localhost"}, True, True),
        ({"HOST": "::1", "FRONTEND_ACTIVATION_URL": "http://localhost:3000"}, True, True),
        (REAL, False, False),
        (REAL | {"HOST": "0.0.0.0"}, False, False),
        (POSTGRESQL, False, False),
        (POSTGRESQL | {"DEBUG": "True"}, False, False),
        (POSTGRESQL | {"DATABASE_URL": "sqlite:///db.sqlite3", "DEBUG": "True"}, False, False),
    ],
)
def test_conveniences_exist_in_a_trial_only(started, env, trial, mail_page):
    found = started(**env)
    assert (found["TRIAL"], found["DEV_MAIL"]) == (trial, mail_page)


@pytest.mark.parametrize(
    ("env", "sentence"),
    [
        (
            {"DEBUG": "False"},
            (
                "Set DJANGO_SECRET_KEY to a long random string: DEBUG=False is set, so this is no "
                "trial"
            ),
        ),
        (
            {"DATABASE_URL": "postgres://a@b/c"},
            (
                "Set DJANGO_SECRET_KEY to a long random string: DATABASE_URL is set, so this is no "
                "trial"
            ),
        ),
        (
            REAL | {"EMAIL_HOST": ""},
            (
                "Set EMAIL_HOST to your SMTP server: DEBUG=False is set, so mail is not shown on "
                "a page."
            ),
        ),
        (
            POSTGRESQL | {"EMAIL_HOST": "", "DEBUG": "True"},
            (
                "Set EMAIL_HOST to your SMTP server: DATABASE_URL is set, so mail is not shown on "
                "a page."
            ),
        ),
        (
            {"HOST": "0.0.0.0"},
            (
                "This is a trial, with demo log-ins and all mail on a page, and HOST=0.0.0.0 would "
                "show it"
            ),
        ),
        (
            {"HOST": "192.168.1.7", "DEBUG": "True"},
            "This is a trial, with demo log-ins and all mail on a page, and HOST=",
        ),
        (
            {"SITE_URL": "https://events.example.org"},
            "This is a trial, with demo log-ins and all mail on a page, and SITE_URL=",
        ),
        (
            {"FRONTEND_ACTIVATION_URL": "http://events.example.org"},
            "This is a trial, with demo log-ins and all mail on a page, and SITE_URL=",
        ),
        (
            REAL | {"DJANGO_SECRET_KEY": "..."},
            "DJANGO_SECRET_KEY has 3 characters, and 32 are the least; make one with",
        ),
        (
            POSTGRESQL | {"DJANGO_SECRET_KEY": "x" * 31},
            "DJANGO_SECRET_KEY has 31 characters, and 32 are the least",
        ),
        (
            REAL | {"DJANGO_SECRET_KEY": "only-for-one-machine-and-never-in-production"},
            "DJANGO_SECRET_KEY is the one in .env.dev, which everybody can read; make one with",
        ),
    ],
)
def test_unsafe_settings_end_the_start(refused, env, sentence):
    assert refused(**env).startswith(sentence)


def test_key_of_the_example_is_the_one_that_is_refused():
    assert (
        "\nDJANGO_SECRET_KEY=only-for-one-machine-and-never-in-production\n"
        in (ROOT / ".env.dev").read_text()
    )


# --- The database ---------------------------------------------------------------------------------


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


# --- Single values --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("env", "sentence"),
    [
        ({"PORT": "eight"}, "PORT is a whole number."),
        ({"PORT": "-1"}, "PORT is a whole number, at least 0."),
        ({"WEB_THREADS": "0"}, "WEB_THREADS is a whole number, at least 1."),
        ({"DRAIN_SECONDS": "soon"}, "DRAIN_SECONDS is a number."),
        ({"DRAIN_SECONDS": "nan"}, "DRAIN_SECONDS is a number, at least 0."),
        (
            {"ACCESS_TOKEN_LIFETIME_MINUTES": "0"},
            "ACCESS_TOKEN_LIFETIME_MINUTES is a whole number, at least 1.",
        ),
        ({"DEBUG": "Flase"}, "DEBUG is True or False."),
        ({"EMAIL_USE_TLS": "tls", "EMAIL_HOST": "x"}, "EMAIL_USE_TLS is True or False."),
        ({"TIME_ZONE": "Warsaw"}, "TIME_ZONE is the name of a time zone, as Europe/Warsaw."),
        ({"LOG_LEVEL": "LOUD"}, "LOG_LEVEL is DEBUG, INFO, WARNING, ERROR or CRITICAL."),
        ({"LOG_FORMAT": "xml"}, "LOG_FORMAT is text or json, not 'xml'."),
        ({"REDIS_URL": "redis:6379"}, "REDIS_URL is redis://host:6379/0, rediss://… or unix://…."),
        ({"TRUSTED_PROXIES": "proxy"}, "TRUSTED_PROXIES takes addresses and networks with commas"),
        (
            {"SITE_URL": "localhost:8000"},
            "SITE_URL is a URL with its scheme, as https://events.example.org.",
        ),
        ({"SITE_URL": "http://localhost:port"}, "SITE_URL is a URL with its scheme"),
        (
            {"FRONTEND_ACTIVATION_URL": "localhost"},
            "FRONTEND_ACTIVATION_URL is a URL with its scheme",
        ),
        (
            {"SITE_URL": "http://localhost/tickets"},
            (
                "SITE_URL is scheme and host alone, as http://localhost: EventFlow can't live "
                "under a path of its host."
            ),
        ),
    ],
)
def test_impossible_value_ends_the_start_with_its_name(refused, env, sentence):
    assert refused(**env).startswith(sentence)


@pytest.mark.parametrize(
    ("text", "sender"),
    [
        ("Events App noreply@example.com", "Events App <noreply@example.com>"),
        ("Events App <noreply@example.com>", "Events App <noreply@example.com>"),
        ("noreply@example.com", "noreply@example.com"),
        ("<noreply@example.com>", "noreply@example.com"),
        ('"Events, App" <noreply@example.com>', '"Events, App" <noreply@example.com>'),
        ("Zażółć Gęślą jaźń@example.com", None),
        ("Zażółć hello@example.com", "Zażółć <hello@example.com>"),
        ("", "EventFlow <hello@localhost>"),
        ("Events App", None),
        ("Events App <noreply@>", None),
        ("a@example.com, b@example.com", None),
        ("a@example.com b@example.com", None),
        ("Events App\nnoreply@example.com", None),
        ("Events App <noreply@example.com>\nBcc: all@example.com", None),
        ('"Events App', None),
    ],
)
def test_sender_is_exactly_one_address(started, refused, text, sender):
    if sender:
        assert started(DEFAULT_FROM_EMAIL=text)["DEFAULT_FROM_EMAIL"] == sender
    else:
        assert refused(DEFAULT_FROM_EMAIL=text).startswith("DEFAULT_FROM_EMAIL ")


def test_blank_value_is_no_value(started):
    names = "PORT DRAIN_SECONDS EMAIL_USE_TLS SITE_URL FRONTEND_ACTIVATION_URL LOG_LEVEL TIME_ZONE"
    found = started(**dict.fromkeys(names.split(), ""))
    assert (found["PORT"], found["SITE_URL"], found["LOG_LEVEL"]) == (
        8000,
        "http://localhost:8000",
        "INFO",
    )


def test_tokens_hold_an_hour(started):
    assert started()["HEADLESS_JWT_ACCESS_TOKEN_EXPIRES_IN"] == 3600


# --- A file of settings ---------------------------------------------------------------------------


@pytest.fixture
def from_file(monkeypatch, tmp_path):
    """What a file `.env` with this text gives, and the object that read it."""

    def read(text):
        there = {}
        monkeypatch.setattr(Environment, "ENVIRON", SecretFiles(there))
        path = tmp_path / ".env"
        path.write_text(text)
        reader = Environment()
        reader.read_file(path)
        monkeypatch.undo()
        reader.ENVIRON = SecretFiles(there)
        return there, reader

    return read


def test_published_configuration_works_letter_for_letter(from_file, started):
    there, _ = from_file(PUBLISHED.format(key=KEY))
    found = started(**there)
    assert found["DEFAULT_FROM_EMAIL"] == "Events App <noreply@example.com>"
    assert found["DATABASES"]["default"]["PASSWORD"] == "eventflow"
    assert (found["ALLOWED_HOSTS"], found["SENTRY_DSN"], found["UNKNOWN_SETTINGS"]) == (
        ["*"],
        "",
        [],
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            'PORT=1\nDEFAULT_FROM_EMAIL="Events App\nnoreply@example.com"\n',
            ".env, line 2: the value of DEFAULT_FROM_EMAIL has no closing quotation mark.",
        ),
        ("DEBUG = False", ".env, line 1 is no NAME=value and no comment."),
        ("# fine\n\nhidden-word", ".env, line 3 is no NAME=value and no comment."),
    ],
)
def test_line_that_sets_nothing_is_refused_by_its_number(from_file, text, sentence):
    with pytest.raises(ImproperlyConfigured) as refusal:
        from_file(text)
    assert str(refusal.value) == sentence


def test_unknown_names_are_named_and_their_values_are_not(from_file):
    _, reader = from_file(
        "WEB_THREDS=hidden\nexport LOG_JSON=1\nPORT=8000\n"
        "DJANGO_SECRET_KEY_FILE=/x\nBACKENDS=2\nCOMPOSE_FILE=x\n"
    )
    reader.ENVIRON.env |= {
        "SECURE_SSL_REDIRECT": "True",
        "SENTRY_ENVIRONMENT": "x",
        "EMAIL_HOTS": "x",
        "PATH": "/bin",
        "HOSTNAME": "x",
    }
    for name in ("PORT", "DJANGO_SECRET_KEY"):
        reader.asked_for.add(name)
    assert reader.unknown() == [
        "EMAIL_HOTS",
        "LOG_JSON",
        "SECURE_SSL_REDIRECT",
        "SENTRY_ENVIRONMENT",
        "WEB_THREDS",
    ]


def test_names_that_other_programs_read_are_known():
    """Variables of the compose files, the scripts and the example are not named as unknown."""
    files = ["docker-compose.yml", "compose.prod.yml", "bin/rollout", "bin/_venv"]
    used = {
        name
        for file in files
        for name in re.findall(r"\$\{([A-Z][A-Z_]+)", (ROOT / file).read_text())
    }
    example = set(re.findall(r"^#?([A-Z][A-Z_]+)=", (ROOT / ".env.dev").read_text(), re.MULTILINE))
    read = set(
        re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', (ROOT / "eventflow/settings.py").read_text())
    )
    assert {
        name for name in (used | example) - read - OTHERS if not name.startswith(OTHERS_BEGIN_WITH)
    } <= {
        "EMAIL_HOST_PASSWORD_FILE",
        "PATH",
        "PYENV_ROOT",
        "HOME",
    }


def test_every_setting_is_known_whatever_the_others_say(started):
    """Also those that only matter beside another, such as a port without its host."""
    example = set(re.findall(r"^#?([A-Z][A-Z_]+)=", (ROOT / ".env.dev").read_text(), re.MULTILINE))
    assert len(example) > 40
    assert started(**dict.fromkeys(example - {"DATA_DIR"}, ""))["UNKNOWN_SETTINGS"] == []


def said_at_the_start():
    found = [*checks.check_settings_are_known(), *checks.check_links_lead_to_pages()]
    return {message.id: message.msg for message in found}


def test_unknown_names_are_said_at_the_start_in_one_line(settings):
    settings.UNKNOWN_SETTINGS = ["EMAIL_BACKEND", "LOG_JSON"]
    assert said_at_the_start() == {"eventflow.W004": "not known here: EMAIL_BACKEND, LOG_JSON"}


@pytest.mark.parametrize(
    ("activation", "site", "cors", "warned"),
    [
        ("http://localhost:3000", "", ["http://localhost:3000"], True),
        ("http://localhost:3000/activate-site/{token}", "", [], True),
        ("http://localhost:3000", "http://localhost:8000", ["http://localhost:3000"], False),
        ("http://localhost:8000", "", ["http://localhost:3000"], False),
        ("http://localhost:8000/", "", [], False),
    ],
)
def test_separate_front_end_without_a_site_of_ours_is_named_with_both_settings(
    settings, activation, site, cors, warned
):
    settings.FRONTEND_ACTIVATION_URL, settings.SITE_URL_GIVEN, settings.CORS_ALLOWED_ORIGINS = (
        activation,
        site,
        cors,
    )
    found = said_at_the_start()
    assert set(found) == ({"eventflow.W003"} if warned else set())
    assert all(
        "FRONTEND_ACTIVATION_URL" in words and "SITE_URL" in words for words in found.values()
    )


# --- Files that hold secrets ----------------------------------------------------------------------


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def open_to_all(folder):
    for path in [*folder.rglob("*"), folder]:
        path.chmod(0o755 if path.is_dir() else 0o644)


@pytest.fixture
def usual_umask():
    before = os.umask(0o022)
    yield
    os.umask(before)


def manage(*words, **env):
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        command(*words),
        env=kept | {name: str(value) for name, value in env.items()},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.process("files are made at a start")
def test_files_with_secrets_are_closed_to_others_new_or_old(tmp_path, usual_umask):
    """In a process of its own, as at a start: settings, database and mail files together."""
    folder, elsewhere = tmp_path / "var", tmp_path / "shared"
    letter = (
        "from django.core.mail import mailers, EmailMessage as E; "
        "mailers.default.send_messages([E('s', 'b', to=['a@example.org'])])"
    )
    elsewhere.mkdir(mode=0o755)
    for start in ({"DATABASE_URL": ""}, REAL | {"DATABASE_URL": f"sqlite:///{elsewhere}/db"}):
        manage("migrate", "accounts", "0001", "--verbosity=0", DATA_DIR=folder, **start)
        if not start["DATABASE_URL"]:
            manage("shell", "-v0", "-c", letter, DATA_DIR=folder)
    private = [
        *folder.glob("eventflow.sqlite3*"),
        *folder.glob("mail/*"),
        folder / "secret-key",
        *elsewhere.glob("db*"),
    ]
    assert len(private) >= 4
    assert {mode(path) for path in private} == {0o600}
    assert {mode(folder), mode(folder / "mail")} == {0o700}
    assert mode(elsewhere) == 0o755
    open_to_all(folder)
    manage("check", DATA_DIR=folder)
    assert {mode(path) for path in private} == {0o600}
    assert {mode(folder), mode(folder / "mail")} == {0o700}


def test_wal_of_an_open_database_is_closed_too(tmp_path, usual_umask, started):
    folder = tmp_path / "var"
    folder.mkdir()
    for name in (
        "eventflow.sqlite3",
        "eventflow.sqlite3-wal",
        "eventflow.sqlite3-shm",
        "secret-key",
    ):
        (folder / name).write_text("x" * 40)
    open_to_all(folder)
    started()
    assert {mode(path) for path in folder.iterdir() if path.is_file()} == {0o600}


def test_mail_is_written_closed_to_others(tmp_path, usual_umask):
    backend = PrivateFileBackend(alias="default", file_path=str(tmp_path))
    backend.open()
    backend.close()
    assert {mode(path) for path in Path(tmp_path).iterdir()} == {0o600}
