"""The log for machines, and what no log ever holds, whatever people do."""

import json
import logging
import re
import sys
import time
from urllib.parse import urlencode

import pytest
from allauth.mfa.totp.internal import auth as totp

from eventflow.observability import REQUEST_CONTEXT, RequestContext, mask_text
from eventflow.observability.logs import JsonLine
from tests.support.factories import PASSWORD, make_person, make_reservation
from tests.support.http_client import Answer, HttpClient
from tests.support.processes import wait_until
from tests.support.server_process import serving
from tickets.models import Ticket
from tickets.ticket import signature

pytestmark = pytest.mark.once(on="postgresql")

CODE = "AEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAI2"


def lines(site):
    return [json.loads(line) for line in site.log.read_text().splitlines()]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("mail to maja.w+x@example.org refused", "mail to *** refused"),
        ("maja%40example.org", "***"),
        ("postgres://eventflow:s3cret@db:5432/eventflow", "postgres://***@db:5432/eventflow"),
        (
            "duplicate key\nDETAIL:  Key (email)=(x) already exists.\nnext",
            "duplicate key\nDETAIL:***\nnext",
        ),
        (f"scanned {CODE}.", "scanned ***."),
        (
            "token eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjoxfQaaaaaaaaaaaaaaaaa",
            "token eyJhbGciOiJIUzI1NiJ9.***",
        ),
        # Without these nobody would find anything.
        (
            (
                'File "/srv/eventflow/tickets/queue/decisions.py", line 41, '
                "in a_function_with_a_name_that_is_rather_long"
            ),
            None,
        ),
        (
            "request 8f14e45fceea167a5a36dedd4bea2543, task 1ada4944-b118-4ec1-9553-657f7b36f02b",
            None,
        ),
        ("reservation 31 was confirmed in 12 ms", None),
    ],
)
def test_log_text_is_masked_of_secrets_and_addresses(text, left):
    assert mask_text(text) == (text if left is None else left)


def test_json_line_holds_the_exception_and_nothing_that_hangs_on_the_record():
    token = REQUEST_CONTEXT.set(RequestContext(request_id="a-test-of-logs", person_id=7))
    try:
        raise ValueError("no such person: maja@example.org")
    except ValueError:
        words = ("broken: %s", ("on\npurpose",), sys.exc_info())
        record = logging.getLogger("events").makeRecord(
            "events", logging.ERROR, __file__, 1, *words, extra={"request": "private"}
        )
    line = JsonLine().format(record)
    REQUEST_CONTEXT.reset(token)
    assert "\n" not in line
    fields = json.loads(line)
    assert fields.pop("exception").endswith("ValueError: no such person: ***")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", fields.pop("time"))
    assert fields == {
        "level": "ERROR",
        "logger": "events",
        "message": "broken: on\npurpose",
        "request_id": "a-test-of-logs",
        "person_id": 7,
    }


@pytest.mark.process("a server writes the log")
@pytest.mark.django_db(transaction=True)
def test_access_line_names_request_person_and_route(tmp_path):
    person = make_person(email="private@example.org")
    with serving(tmp_path / "log", LOG_FORMAT="json", REDIS_URL="") as site:
        visitor = HttpClient(site.port)
        visitor.log_in(person.email, PASSWORD)
        visitor.opener.addheaders.append(("X-Request-ID", "a-test-of-logs"))
        visitor.get("/reservations/?q=private")
        found = wait_until(
            lambda: [line for line in lines(site) if line.get("path") == "/reservations/"]
        )
    (line,) = found
    assert line.pop("time") and line.pop("ms") >= 0
    assert line == {
        "level": "INFO",
        "logger": "eventflow.access",
        "message": line["message"],
        "request_id": "a-test-of-logs",
        "person_id": person.pk,
        "method": "GET",
        "path": "/reservations/",
        "route": line["route"],
        "status": 200,
    }
    assert line["route"].startswith("tickets:")
    assert re.fullmatch(r"GET /reservations/ 200 \d+ ms", line["message"])


def first_group(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found, pattern
    return found[1]


def sign_up(visitor: HttpClient) -> Answer:
    person = {"email": "newcomer@example.org", "first_name": "Nieznany", "last_name": "Gość"}
    passwords = {"password1": PASSWORD, "password2": PASSWORD}
    return visitor.post("/accounts/signup/", page="/accounts/signup/", **person, **passwords)


def set_up_second_step(visitor: HttpClient) -> tuple[Answer, list[str]]:
    """Set up an authenticator app. Returns the answer, and the secrets that were shown and sent."""
    setup, reauthenticate = "/accounts/2fa/totp/activate/", "/accounts/reauthenticate/"
    visitor.post(reauthenticate, page=reauthenticate, password=PASSWORD)
    page = visitor.get(setup)
    secret = first_group(r'class="num secret">([A-Z2-7]{32})<', page.text)
    code = totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30))
    # Not visitor.post, which would look at the page again and so be shown another secret.
    token = first_group(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
    form = urlencode({"csrfmiddlewaretoken": token, "code": code}).encode()
    return visitor.ask(setup, form), [secret, f" {code} "]


@pytest.mark.process("a server writes the log")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["text", "json"])
def test_no_flow_leaves_a_secret_in_the_log(how, tmp_path):
    """Sign-up, log-in, second step, ticket and scan leave no secret in the log at level DEBUG."""
    maja = make_person("Maja Wiśniewska", email="private@example.org")
    seat = make_reservation(person=maja, status="confirmed")
    qr = signature.sign(Ticket.objects.get())
    names = ["private@", "newcomer@", "Wiśniewska", "Nieznany"]
    with serving(tmp_path / "log", LOG_LEVEL="DEBUG", LOG_FORMAT=how, REDIS_URL="") as site:
        answers = [sign_up(HttpClient(site.port))]
        visitor = HttpClient(site.port)
        visitor.log_in(maja.email, "wrong-secret")
        answers.append(visitor.log_in(maja.email, PASSWORD))
        answer, second_step = set_up_second_step(visitor)
        answers.append(answer)
        recovery = visitor.get("/accounts/2fa/recovery-codes/").text
        codes = re.findall(r"<li>([0-9a-f-]{8,12})</li>", recovery)
        answers.append(visitor.get(f"/reservations/{seat.pk}/ticket/"))
        visitor.get(f"/nowhere/{qr}/")
        wait_until(lambda: "/nowhere/" in site.log.read_text())
        log = site.log.read_text()
    assert [answer.status for answer in answers] == [302, 302, 302, 200]
    assert len(codes) >= 8
    secrets = [*names, PASSWORD, "wrong-secret", qr, qr.lower(), *second_step, *codes]
    assert [secret for secret in secrets if secret in log] == []
