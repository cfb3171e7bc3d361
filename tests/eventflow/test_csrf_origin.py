"""A refused form tells the person what to do, and the operator if a proxy is the cause."""

import logging

import pytest
from django.test import Client

from eventflow.core import csrf_origin

pytestmark = pytest.mark.django_db
LOGIN, SITE = "/accounts/login/", "https://events.example.org"
TOO_LATE, ELSEWHERE, NOT_YOURS = (
    "waited too long",
    "page of another website",
    "keeps forms from arriving",
)


@pytest.fixture(autouse=True)
def site(settings):
    settings.SITE_URL, settings.HTTPS, settings.ALLOWED_HOSTS = (
        SITE,
        True,
        ["events.example.org", "backend"],
    )


@pytest.mark.parametrize(
    ("said", "secure", "words", "logged"),
    [
        # As it should be, but for the token.
        ({"host": "events.example.org", "origin": SITE}, True, TOO_LATE, ""),
        ({"host": "events.example.org"}, True, TOO_LATE, ""),
        # The proxy does not say that it was https, or nobody believes it.
        (
            {"host": "events.example.org", "origin": SITE},
            False,
            NOT_YOURS,
            csrf_origin.PROXY_DROPS_SCHEME,
        ),
        ({"host": "events.example.org"}, False, NOT_YOURS, csrf_origin.PROXY_DROPS_SCHEME),
        # The proxy puts its own name for us in Host.
        (
            {"host": "backend", "origin": SITE},
            True,
            NOT_YOURS,
            csrf_origin.PROXY_CHANGES_HOST,
        ),
        ({"host": "events.example.org", "origin": "https://evil.example"}, True, ELSEWHERE, ""),
        ({"host": "events.example.org", "origin": "null"}, True, ELSEWHERE, ""),
        ({"host": "events.example.org", "origin": "http://[bad"}, True, ELSEWHERE, ""),
    ],
)
def test_refused_form_says_why_and_the_log_says_what_to_set(caplog, said, secure, words, logged):
    caplog.set_level(logging.WARNING, "eventflow")
    page = Client(enforce_csrf_checks=True).post(LOGIN, {"login": "x"}, headers=said, secure=secure)
    assert page.status_code == 403
    assert [each for each in (TOO_LATE, ELSEWHERE, NOT_YOURS) if each in page.text] == [words]
    assert [
        record.getMessage()
        for record in caplog.records
        if record.name == "eventflow.core.csrf_origin"
    ] == ([logged] if logged else [])


@pytest.mark.parametrize("origin", ["https://evil.example", "http://[bad", "null"])
def test_form_without_a_token_is_refused_from_elsewhere_with_the_same_page(origin):
    page = Client().post(
        "/i18n/setlang/",
        {"language": "pl"},
        headers={"origin": origin, "host": "events.example.org"},
        secure=True,
    )
    assert (page.status_code, ELSEWHERE in page.text) == (403, True)
