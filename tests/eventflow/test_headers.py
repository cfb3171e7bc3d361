"""What every answer forbids a browser; the sizes of a request's head."""

import re
import socket

import pytest
from django.conf import settings

from tests.support.factories import make_event
from tests.support.server_process import serving


@pytest.mark.django_db
def test_camera_is_for_the_check_in_pages_and_for_no_other(client):
    event = make_event()
    client.force_login(event.organizer)
    pages = [
        "/",
        f"/events/{event.pk}/",
        f"/organizer/events/{event.pk}/",
        f"/organizer/events/{event.pk}/queue/",
        "/api/events/",
        "/nowhere/",
    ]
    policies = [client.get(page)["Permissions-Policy"] for page in pages]
    assert {"camera=(self)" in policy for policy in policies} == {False}
    assert all("camera=()" in policy and "microphone=()" in policy for policy in policies)
    assert client.get(f"/organizer/events/{event.pk}/check-in/")["Permissions-Policy"].startswith(
        "camera=(self), microphone=()"
    )


@pytest.mark.django_db
def test_no_other_site_embeds_or_reads_our_answers(client):
    answer = client.get("/")
    told = {
        name: answer[name]
        for name in (
            "Cross-Origin-Opener-Policy",
            "Cross-Origin-Resource-Policy",
            "X-Frame-Options",
            "X-Content-Type-Options",
        )
    }
    assert list(told.values()) == ["same-origin", "same-origin", "DENY", "nosniff"]
    policy = answer["Content-Security-Policy"]
    assert (
        "unsafe" not in policy and "object-src 'none'" in policy and "worker-src 'self'" in policy
    )


@pytest.mark.process("the server's own answers")
@pytest.mark.once
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "head",
    [
        b"X-Long: " + b"x" * 40_000 + b"\r\n",
        b"".join(b"X-%d: x\r\n" % number for number in range(600)),
    ],
    ids=["long", "many"],
)
def test_oversized_head_is_refused_and_the_next_request_is_served(head, tmp_path):
    with serving(tmp_path / "log", REDIS_URL="") as site:
        with socket.create_connection(("127.0.0.1", site.port), timeout=60) as ours:
            ours.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n" + head + b"\r\n")
            try:
                answer = ours.recv(4096)
            except ConnectionResetError:
                answer = b""
        assert b"200 OK" not in answer
        assert answer == b"" or answer.startswith(b"HTTP/1.1 4")
        assert site.get("/health/live").status == 200


# --- Every answer ---------------------------------------------------------------------------------

ALWAYS = {
    "strict-transport-security": "max-age=31536000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
}
ASKED = {
    "page": ("GET / HTTP/1.1", "", 200),
    "static file": ("GET /static/css/app.css HTTP/1.1", "", 200),
    "nothing there": ("GET /nowhere/ HTTP/1.1", "", 404),
    "probe": ("GET /health/live HTTP/1.1", "", 200),
    "probe of readiness": ("GET /health/ready HTTP/1.1", "", 200),
    "probe by POST": ("POST /health/live HTTP/1.1", "Content-Length: 0", 405),
    "numbers": ("GET /metrics HTTP/1.1", "Authorization: Bearer a-token", 200),
    "numbers without the token": ("GET /metrics HTTP/1.1", "", 401),
    "API": ("GET /api/events/ HTTP/1.1", "", 200),
    "another host": ("GET / HTTP/1.1", "Host: evil.example", 400),
    "too large": ("POST /api/login/ HTTP/1.1", "Content-Length: 9999999", 413),
    "header with a line break's cousin": ("GET / HTTP/1.1", "X-Y: a\x0bb\x00c", 400),
    "no HTTP": ("HELO", "", 400),
    "two lengths": ("POST / HTTP/1.1", "Content-Length: 1\r\nContent-Length: 2", 400),
    "path that is none": ("GET /\xff HTTP/1.1", "", 400),
    "socket from elsewhere": (
        "GET /ws/events/1/ HTTP/1.1",
        (
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: https://evil.example"
        ),
        403,
    ),
    "socket that is none": (
        "GET /ws/events/1/ HTTP/1.1",
        "Upgrade: websocket\r\nConnection: Upgrade",
        400,
    ),
}


@pytest.fixture(scope="module")
def https_site(django_db_setup, django_db_blocker, tmp_path_factory):
    log = tmp_path_factory.mktemp("https") / "log"
    with serving(
        log,
        SITE_URL="https://localhost",
        TRUSTED_PROXIES="127.0.0.1",
        METRICS_TOKEN="a-token",
        REDIS_URL="",
    ) as site:
        yield site


def head_of_answer(site, first_line, more=""):
    """Status and headers of the answer to these lines, as a proxy would send them."""
    host = "" if "Host:" in more else "Host: localhost\r\n"
    last = "\r\n" if more else ""
    lines = f"{first_line}\r\n{host}X-Forwarded-Proto: https\r\n{more}{last}\r\n"
    with socket.create_connection(("127.0.0.1", site.port), timeout=60) as ours:
        ours.sendall(lines.encode("latin1"))
        said = b""
        while b"\r\n\r\n" not in said and (some := ours.recv(65536)):
            said += some
    status, *headers = said.split(b"\r\n\r\n")[0].decode("latin1").split("\r\n")
    return int(status.split()[1]), {
        name.lower(): value for name, _, value in (line.partition(": ") for line in headers)
    }


@pytest.mark.process("the server's own answers")
@pytest.mark.once
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("asked", ASKED)
def test_every_answer_tells_a_browser_what_it_may_not_do(https_site, asked):
    first_line, more, expected = ASKED[asked]
    status, headers = head_of_answer(https_site, first_line, more)
    assert status == expected
    assert {name: headers.get(name) for name in ALWAYS} == ALWAYS
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "camera=()" in headers["permissions-policy"]


@pytest.mark.process("the server's own answers")
@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_strange_host_is_one_line_of_warning(https_site):
    before = len(https_site.log.read_text())
    assert head_of_answer(https_site, "GET / HTTP/1.1", "Host: evil.example")[0] == 400
    said = https_site.log.read_text()[before:]
    assert len(re.findall("evil.example", said)) == 1 + said.count(
        "You may need to add 'evil.example'"
    )
    assert " WARNING django.security.DisallowedHost " in said
    assert "Traceback" not in said and "ERROR" not in said


@pytest.mark.process("the server's own answers")
@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_cookies_belong_to_this_host_alone_under_https(https_site):
    status, headers = head_of_answer(https_site, "GET /accounts/login/ HTTP/1.1")
    assert (status, headers["set-cookie"].partition("=")[0]) == (200, "__Host-csrftoken")
    assert (
        "Secure" in headers["set-cookie"]
        and "Path=/" in headers["set-cookie"]
        and "Domain" not in headers["set-cookie"]
    )


@pytest.mark.once
def test_cookies_have_plain_names_without_https():
    assert (
        settings.SESSION_COOKIE_NAME,
        settings.CSRF_COOKIE_NAME,
        settings.LANGUAGE_COOKIE_NAME,
    ) == (
        "sessionid",
        "csrftoken",
        "django_language",
    )
