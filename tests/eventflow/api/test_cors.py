"""Pages of other origins: only those that were named, only at the API, never with cookies."""

import json

import pytest
from django.test import Client
from django.utils.translation import get_language

from eventflow.core.errors import BUSY
from eventflow.server.refusals import refusal
from tests.eventflow.api.clients import refused

pytestmark = pytest.mark.django_db
PARTNER, STRANGER = "https://partner.example", "https://stranger.example"


@pytest.fixture(autouse=True)
def partner(settings):
    settings.CORS_ALLOWED_ORIGINS = [PARTNER]


def test_cors_lets_a_partner_page_read_answers_and_headers():
    answer = Client().get("/api/events/", headers={"Origin": PARTNER})
    assert answer["Access-Control-Allow-Origin"] == PARTNER
    exposed = {name.strip() for name in answer["Access-Control-Expose-Headers"].split(",")}
    assert {
        "Retry-After",
        "X-Request-ID",
        "X-RateLimit-Remaining",
        "Idempotent-Replayed",
    } <= exposed
    assert {"X-Total-Count", "Link", "X-Ignored-Fields"} <= exposed
    assert "Access-Control-Allow-Credentials" not in answer
    assert "origin" in answer["Vary"].lower()


def test_refusals_are_readable_too():
    answer = Client().get("/api/users/me/", headers={"Origin": PARTNER})
    assert refused(answer) == (401, "not_authenticated")
    assert answer["Access-Control-Allow-Origin"] == PARTNER


def as_client_sees(answer):
    answer.json = lambda: json.loads(answer.content)
    return answer


@pytest.mark.process("the server's own answers")
@pytest.mark.parametrize("status", [413, 503])
def test_answers_of_the_server_itself_are_readable_too(status):
    headers = [
        (b"origin", PARTNER.encode()),
        (b"accept-language", b"pl"),
        (b"cookie", b"django_language=en"),
    ]
    answer = refusal("/api/events/", headers, status=status, code="busy", message=BUSY)
    assert refused(as_client_sees(answer)) == (status, "busy")
    assert answer["Access-Control-Allow-Origin"] == PARTNER
    assert "X-Request-ID" in answer["Access-Control-Expose-Headers"]
    assert (answer["Content-Language"], answer["Vary"]) == ("pl", "Accept-Language, origin")
    assert get_language() == "en"
    assert "Access-Control-Allow-Origin" not in refusal(
        "/api/events/", [(b"origin", STRANGER.encode())], status=status, code="busy", message=BUSY
    )
    assert "Access-Control-Allow-Origin" not in refusal(
        "/", headers, status=status, code="busy", message=BUSY
    )


def test_cors_covers_server_errors(settings):
    settings.ROOT_URLCONF = "tests.eventflow.api.test_envelope"
    answer = Client(raise_request_exception=False).get("/api/broken/", headers={"Origin": PARTNER})
    assert refused(answer) == (500, "server_error")
    assert answer["Access-Control-Allow-Origin"] == PARTNER


def preflight(origin, path="/api/login/", method="POST"):
    asked = (
        "authorization, content-type, idempotency-key, x-request-id, accept-language, "
        "x-requested-with"
    )
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": asked,
    }
    return Client().options(path, headers=headers)


def test_cors_preflight_allows_the_methods_and_headers_of_the_api():
    answer = preflight(PARTNER)
    assert answer.status_code == 200
    assert answer["Access-Control-Allow-Origin"] == PARTNER
    assert {
        "authorization",
        "content-type",
        "idempotency-key",
        "x-request-id",
        "accept-language",
        "x-requested-with",
    } <= {name.strip() for name in answer["Access-Control-Allow-Headers"].split(",")}
    assert {"GET", "POST", "PATCH", "DELETE"} <= {
        name.strip() for name in answer["Access-Control-Allow-Methods"].split(",")
    }


def test_cors_answers_no_other_origin():
    for answer in (
        Client().get("/api/events/", headers={"Origin": STRANGER}),
        preflight(STRANGER),
        preflight("null"),
    ):
        assert "Access-Control-Allow-Origin" not in answer


def test_cors_does_not_open_the_pages():
    for path in ("/", "/accounts/login/", "/health/"):
        assert "Access-Control-Allow-Origin" not in Client().get(path, headers={"Origin": PARTNER})
        assert "Access-Control-Allow-Origin" not in preflight(PARTNER, path)
