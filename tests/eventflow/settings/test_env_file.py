"""The file of settings: how it is read, and what the environment overrides."""

import re

import pytest
from django.core.exceptions import ImproperlyConfigured

from eventflow.environment import OTHERS, OTHERS_BEGIN_WITH, Environment, SecretFiles
from eventflow.operations import checks
from tests.eventflow.settings.environments import KEY, ROOT

pytestmark = pytest.mark.once
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
def from_file(monkeypatch, tmp_path):
    """What a file `.env` with this text gives, and the object that read it."""

    def read(text):
        there: dict[str, str] = {}
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
    } <= {"EMAIL_HOST_PASSWORD_FILE", "PATH", "PYENV_ROOT", "HOME"}


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
