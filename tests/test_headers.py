"""What every answer forbids a browser; the sizes of a request's head."""

import socket

import pytest

from tests.factories import make_event
from tests.serving import serving


@pytest.mark.django_db
def test_camera_is_for_the_check_in_pages_and_for_no_other(client):
    event = make_event()
    client.force_login(event.organizer)
    pages = ["/", f"/events/{event.pk}/", f"/organizer/events/{event.pk}/", f"/organizer/events/{event.pk}/queue/", "/api/events/", "/nowhere/"]
    policies = [client.get(page)["Permissions-Policy"] for page in pages]
    assert {"camera=(self)" in policy for policy in policies} == {False}
    assert all("camera=()" in policy and "microphone=()" in policy for policy in policies)
    assert client.get(f"/organizer/events/{event.pk}/check-in/")["Permissions-Policy"].startswith("camera=(self), microphone=()")


@pytest.mark.django_db
def test_no_other_site_embeds_or_reads_our_answers(client):
    answer = client.get("/")
    told = {
        name: answer[name] for name in ("Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy", "X-Frame-Options", "X-Content-Type-Options")
    }
    assert list(told.values()) == ["same-origin", "same-origin", "DENY", "nosniff"]
    policy = answer["Content-Security-Policy"]
    assert "unsafe" not in policy and "object-src 'none'" in policy and "worker-src 'self'" in policy


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "head", [b"X-Long: " + b"x" * 40_000 + b"\r\n", b"".join(b"X-%d: x\r\n" % number for number in range(600))], ids=["long", "many"]
)
def test_a_head_beyond_measure_is_refused_and_the_next_is_served(head, tmp_path):
    with serving(tmp_path / "log", REDIS_URL="") as site:
        with socket.create_connection(("127.0.0.1", site.port), timeout=10) as ours:
            ours.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n" + head + b"\r\n")
            try:
                answer = ours.recv(4096)
            except ConnectionResetError:
                answer = b""
        assert b"200 OK" not in answer
        assert answer == b"" or answer.startswith(b"HTTP/1.1 4")
        assert site.get("/health/live").status == 200
