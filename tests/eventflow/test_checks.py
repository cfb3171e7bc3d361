"""Configurations that cannot work are refused at start, with a sentence that says what to set."""

import base64

import pytest
from django.core.checks import run_checks
from django.core.management import call_command

from eventflow.server.proxies import networks
from tests.support.processes import command, run

REDIS = {"default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer"}}
MEMORY = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
SQLITE = "django.db.backends.sqlite3"
POSTGRESQL = "eventflow.core.postgresql"


def ids(**kwargs):
    """The ids of what our own checks find, in order."""
    return sorted(
        message.id
        for message in run_checks(**kwargs)
        if message.id and message.id.startswith("eventflow.")
    )


# Django's own checks ask the database whether it has JSON.
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:Overriding setting DATABASES"),
]


@pytest.fixture
def on(settings):
    """The settings of another stack. The database itself stays the tests' own."""

    def change(engine=POSTGRESQL, layers=REDIS, **others):
        settings.DATABASES = {"default": {**settings.DATABASES["default"], "ENGINE": engine}}
        settings.CHANNEL_LAYERS = layers
        for name, value in others.items():
            setattr(settings, name, value)

    return change


def test_configuration_of_the_tests_has_no_findings():
    call_command("check", fail_level="WARNING")


def test_migrations_say_what_the_models_say():
    call_command("makemigrations", check_changes=True, dry_run=True)


@pytest.mark.parametrize(
    ("processes", "engine", "layers", "found"),
    [
        (1, SQLITE, MEMORY, []),
        (4, POSTGRESQL, REDIS, []),
        (2, SQLITE, REDIS, ["eventflow.E002"]),
        (2, POSTGRESQL, MEMORY, ["eventflow.E003"]),
        (2, SQLITE, MEMORY, ["eventflow.E002", "eventflow.E003"]),
    ],
)
def test_several_web_processes_need_what_they_can_share(on, processes, engine, layers, found):
    on(engine, layers, WEB_PROCESSES=processes)
    assert ids() == found


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("", []),
        (base64.b64encode(bytes(range(32))).decode(), []),
        (base64.b64encode(bytes(31)).decode(), ["eventflow.E004"]),
        ("not base64 at all", ["eventflow.E004"]),
        ("ąę", ["eventflow.E004"]),
    ],
)
def test_signing_key_is_32_bytes_or_nothing(settings, key, found):
    settings.TICKET_SIGNING_KEY = key
    assert ids() == found


@pytest.mark.parametrize(
    ("https", "proxies", "found"),
    [(False, [], []), (True, ["10.0.0.7"], []), (True, [], ["eventflow.W002"])],
)
def test_https_without_a_trusted_proxy_is_a_warning(settings, https, proxies, found):
    settings.HTTPS, settings.TRUSTED_PROXIES = https, networks(proxies)
    assert ids() == found


@pytest.mark.parametrize(
    ("seconds", "found"), [(0, []), (6, []), (6.5, ["eventflow.E006"]), (-1, ["eventflow.E006"])]
)
def test_draining_leaves_time_to_finish(settings, seconds, found):
    settings.DRAIN_SECONDS = seconds
    assert ids() == found


@pytest.mark.parametrize(
    ("base", "found"),
    [
        ("https://example.org", []),
        ("https://front.example/welcome?key={token}", []),
        ("https://example.org/api/users/activate/{token}/", ["eventflow.W007"]),
    ],
)
def test_activation_link_to_the_api_is_a_warning(settings, base, found):
    settings.FRONTEND_ACTIVATION_URL = base
    assert [each for each in ids() if each == "eventflow.W007"] == found


def test_limits_switched_off_are_a_warning_at_deploy_only(settings):
    settings.RATE_LIMITS = False
    assert ids() == []
    assert ids(include_deployment_checks=True) == ["eventflow.W001"]


@pytest.mark.process("a server refuses to start")
def test_server_does_not_start_where_it_cannot_work(tmp_path):
    embedded = {"DATABASE_URL": "", "REDIS_URL": "", "TEST_DATABASE": tmp_path / "db"}
    done = run(command("serve", "--port", "0"), **embedded, WEB_PROCESSES=2)
    assert done.returncode == 1
    assert "More than one web process needs PostgreSQL." in done.stderr
    assert "Listening" not in done.stdout
