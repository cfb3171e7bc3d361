"""A trial starts with no settings; a real installation needs its secrets."""

import pytest

from tests.eventflow.settings.environments import POSTGRESQL, REAL, ROOT

pytestmark = pytest.mark.once


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
def test_trial_helpers_exist_in_a_trial_only(started, env, trial, mail_page):
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
