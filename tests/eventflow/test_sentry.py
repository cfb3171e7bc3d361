"""Sentry is told what broke and where, nothing of anybody, and nobody waits for it."""

import http.client
import signal
import socket

import pytest

from tests.support.factories import PASSWORD, make_person
from tests.support.http_client import HttpClient
from tests.support.processes import wait_until
from tests.support.sentry_server import running_sentry_server
from tests.support.server_process import serving

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.once(on="postgresql"),
    pytest.mark.process("a server reports its errors"),
]
HEADERS = {
    "Cookie": "sessionid=planted-in-a-cookie",
    "Authorization": "Bearer planted-in-a-header",
    "Referer": "/?planted-in-a-referer",
}


def site_telling(dsn, log):
    return serving(
        log, DJANGO_SETTINGS_MODULE="tests.support.sentry_settings", SENTRY_DSN=dsn, REDIS_URL=""
    )


def break_it(site):
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=60)
    connection.request(
        "POST",
        "/breaks/planted-in-a-path/?q=planted-in-a-query",
        "planted-in-a-body",
        {**HEADERS, "X-Request-ID": "a-test-of-sentry"},
    )
    return connection.getresponse()


def types(sentry):
    return {
        value["type"]
        for event in sentry.events
        for value in event.get("exception", {}).get("values", [])
    }


def test_error_is_sent_with_its_place_and_without_planted_secrets(tmp_path):
    with running_sentry_server() as sentry:
        with site_telling(sentry.dsn, tmp_path / "log") as site:
            assert break_it(site).status == 500
            wait_until(
                lambda: {"ValueError", "KeyError"} <= types(sentry) and len(sentry.events) >= 3
            )
        wire = "\n".join(sentry.received)
        (event,) = [
            event
            for event in sentry.events
            if event.get("exception", {}).get("values", [{}])[0].get("type") == "ValueError"
        ]
        (logged,) = [event for event in sentry.events if event.get("logger") == "eventflow.tests"]
    frame = event["exception"]["values"][0]["stacktrace"]["frames"][-1]
    assert (frame["module"], frame["function"], frame["context_line"].strip()[:17]) == (
        "tests.support.sentry_site",
        "breaks",
        "raise ValueError(",
    )
    assert event["tags"] == {"request_id": "a-test-of-sentry", "route": "breaks"}
    assert logged["logentry"] == {"message": "literal words about %s"}
    assert "planted-in-" not in wire.replace("planted-in-{where}", "")
    for absent in ("request", "breadcrumbs", "extra", "contexts", "modules", "server_name"):
        assert not event.get(absent), absent
    assert "vars" not in frame and "abs_path" not in frame
    assert socket.gethostname() not in wire


def test_person_is_sent_by_id_only(tmp_path):
    person = make_person("Maja Wiśniewska", email="private@example.org")
    with running_sentry_server() as sentry, site_telling(sentry.dsn, tmp_path / "log") as site:
        visitor = HttpClient(site.port)
        visitor.log_in(person.email, PASSWORD)
        assert visitor.get("/breaks-for-person/").status == 500
        wait_until(lambda: "LookupError" in types(sentry))
        wire = "\n".join(sentry.received)
        (event,) = sentry.events
    assert event["user"] == {"id": person.pk}
    assert [
        secret
        for secret in ("private@", "Maja", "Wiśniewska", "127.0.0.1", "sessionid")
        if secret in wire.replace(f"Host: {sentry.dsn.split('@')[1][:-2]}", "")
    ] == []


def test_hanging_sentry_delays_no_request_and_no_shutdown(tmp_path):
    with (
        running_sentry_server(hangs=True) as sentry,
        site_telling(sentry.dsn, tmp_path / "log") as site,
    ):
        # More than its queue holds: the rest is dropped.
        assert [break_it(site).status for _ in range(60)] == [500] * 60
        wait_until(lambda: sentry.received)
        assert site.get("/fine/").status == 200
        assert len(sentry.received) == 1
        site.process.send_signal(signal.SIGTERM)
        # It still hangs, and is not waited for longer than its second.
        assert site.wait_for_end() == 0


def test_missing_sentry_fails_no_request(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"http://public@127.0.0.1:{taken.getsockname()[1]}/1"
    with site_telling(nobody, tmp_path / "log") as site:
        assert [break_it(site).status, site.get("/fine/").status] == [500, 200]
        site.process.send_signal(signal.SIGTERM)
        assert site.wait_for_end() == 0


@pytest.mark.parametrize("dsn", ["nonsense", "https://sentry.example/without-a-key"])
def test_unusable_dsn_is_logged_and_changes_nothing(dsn, tmp_path):
    with site_telling(dsn, tmp_path / "log") as site:
        assert [break_it(site).status, site.get("/fine/").status] == [500, 200]
        assert "SENTRY_DSN can't be used" in site.log.read_text()
