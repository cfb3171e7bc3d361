"""The log: every line about a request names it, and nothing in it opens anything."""

import json
import re
import urllib.error
import urllib.request

import pytest

from eventflow.observability import mask_path
from tests.eventflow.api.clients import sign_in
from tests.support.factories import PASSWORD, make_person, make_reservation
from tests.support.matching import first_match
from tests.support.server_process import serving
from tickets.models import Ticket
from tickets.ticket import signature

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once(on="postgresql")]
LINE = re.compile(r"^\S+ \S+ [A-Z]+ \S+ \[(\S+)\] (.*)$")


def ask(port, method, path, body=None, **headers):
    content = json.dumps(body).encode() if body is not None else None
    headers = {"Content-Type": "application/json", "X-Request-ID": "a-test-of-logs", **headers}
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", content, headers, method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.parametrize(
    ("path", "logged"),
    [
        ("/api/users/activate/short/", "/api/users/activate/***/"),
        ("/api/reservations/ef1.ab/check-in/", "/api/reservations/***/check-in/"),
        ("/api/organizer/reservations/12x/inspect/", "/api/organizer/reservations/***/inspect/"),
        ("/api/reservations/ef1.ab", "/api/reservations/***"),
        ("/api/users/maja@example.org/", "/api/users/***/"),
        ("/api/users/maja%40example.org/", "/api/users/***/"),
        (f"/api/nope/{'x' * 33}/", "/api/nope/***/"),
        ("/api/events/?q=maja", "/api/events/"),
        # What opens nothing stays, or the log would help nobody.
        ("/api/reservations/31/check-in/", "/api/reservations/31/check-in/"),
        ("/api/reservations/31/", "/api/reservations/31/"),
        ("/api/organizer/reservations/", "/api/organizer/reservations/"),
        ("/reservations/31/ticket.pdf", "/reservations/31/ticket.pdf"),
    ],
)
def test_paths_are_logged_without_secrets_and_addresses(path, logged):
    assert mask_path(path) == logged


@pytest.mark.process("a server writes the log")
def test_log_lines_of_a_request_have_its_id_and_no_secret(tmp_path):
    guest = make_reservation(person=make_person(email="private@example.org"), status="confirmed")
    pair, code = sign_in(guest.person), signature.sign(Ticket.objects.get())
    bearer = {"Authorization": f"Bearer {pair['access']}"}
    mistyped = {"email": "private@example.org", "password": "wrong-secret"}
    login = {"email": "private@example.org", "password": PASSWORD}
    key = {"Idempotency-Key": "secret-key"}
    with serving(tmp_path / "log", LOG_LEVEL="DEBUG", LOG_FORMAT="text") as site:
        statuses = [
            ask(site.port, "GET", "/api/users/me/", **bearer),
            ask(site.port, "GET", "/api/nope/"),
            ask(site.port, "GET", f"/api/users/activate/{'secret' * 3}/"),
            ask(site.port, "POST", f"/api/reservations/{code}/check-in/", **bearer),
            ask(site.port, "POST", "/api/login/", mistyped),
            ask(site.port, "POST", "/api/login/", login, **key),
            ask(site.port, "POST", "/api/token/refresh/", {"refresh": pair["refresh"]}),
            ask(site.port, "POST", "/api/token/refresh/", {"refresh": pair["refresh"]}),
            ask(site.port, "GET", "/api/organizer/reservations/?q=private@example.org", **bearer),
        ]
    assert statuses == [200, 404, 400, 403, 401, 200, 200, 200, 403]
    log = (tmp_path / "log").read_text()
    about_requests = [line for line in log.splitlines() if "/api/" in line]
    assert len(about_requests) >= 6
    assert {first_match(LINE, line)[1] for line in about_requests} == {"a-test-of-logs"}
    typed = ("private@", "secret", PASSWORD)
    for secret in (*typed, code, code.lower(), *pair.values(), *pair["access"].split(".")):
        assert secret not in log
