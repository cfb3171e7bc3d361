"""Single settings: what each accepts, and the sentence that refuses the rest."""

import pytest

pytestmark = pytest.mark.once


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
