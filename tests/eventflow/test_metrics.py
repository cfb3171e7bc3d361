"""The metrics for Prometheus: who may read them, their values, and their small number."""

import socket
from datetime import timedelta

import pytest
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from eventflow import mail
from eventflow.jobs.models import Worker
from eventflow.mail.models import Mail
from tests.support import mail_builders
from tests.support.factories import PASSWORD, make_event, make_person, make_reservation
from tests.support.http_client import HttpClient
from tests.support.processes import wait_until
from tests.support.server_process import serving
from tests.support.socket_client import counts, watch

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.once(on="postgresql"),
    pytest.mark.process("the server's own answers"),
]
TOKEN = "a-token-of-the-tests"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def numbers(site):
    """{(name, values of its labels by their names): number}"""
    answer = site.get("/metrics", **BEARER)
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    samples = [
        sample
        for family in text_string_to_metric_families(answer.read().decode())
        for sample in family.samples
    ]
    return {
        (sample.name, *(value for _name, value in sorted(sample.labels.items()))): sample.value
        for sample in samples
        if sample.name.startswith("eventflow")
    }


@pytest.fixture
def site(tmp_path):
    with serving(tmp_path / "log", METRICS_TOKEN=TOKEN, REDIS_URL="") as site:
        yield site


def test_metrics_need_the_token(site):
    wrong = [
        {},
        {"Authorization": "Bearer "},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": "Bearer \xe9"},
    ]
    answers = [site.get("/metrics", **headers) for headers in wrong]
    assert [
        (answer.status, answer.headers["WWW-Authenticate"], answer.read()) for answer in answers
    ] == [(401, "Bearer", b"")] * len(wrong)
    assert (site.get("/metrics", **BEARER).status, site.get("/metrics/", **BEARER).status) == (
        200,
        200,
    )


def test_metrics_do_not_exist_without_a_token(tmp_path):
    with serving(tmp_path / "log", REDIS_URL="") as site:
        assert [
            site.get(path, Authorization="Bearer ").status for path in ("/metrics", "/metrics/")
        ] == [404, 404]


def test_requests_are_counted_by_the_name_of_their_route_and_nothing_that_a_stranger_chooses(site):
    event = make_event()
    for path in (
        f"/events/{event.pk}/",
        f"/events/{event.pk}/?q=1",
        "/events/987654/",
        "/nowhere/1/",
        "/nowhere/2/",
        "/static/img/favicon.svg",
    ):
        site.get(path).read()
    with socket.create_connection(("127.0.0.1", site.port), timeout=60) as ours:
        ours.sendall(b"BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        ours.recv(100)
    found = wait_until(
        lambda: (
            (now := numbers(site)).get(("eventflow_requests_total", "GET", "none", "404")) == 2
            and now
        )
    )
    counted = {
        key[1:]: value for key, value in found.items() if key[0] == "eventflow_requests_total"
    }
    assert [key for key in counted if key[0] == "other"] != []
    assert [key for key in counted if "987654" in key[1] or key[0] == "BREW"] == []
    assert (
        counted["GET", "events:detail", "200"],
        counted["GET", "events:detail", "404"],
        counted["GET", "static", "200"],
    ) == (2, 1, 1)
    assert found["eventflow_request_seconds_count", "events:detail"] == 3
    assert (found["eventflow_requests_running",], found["eventflow_requests_waiting",]) == (0, 0)


def test_decision_is_timed(site):
    event, visitor = make_event(), HttpClient(site.port)
    visitor.log_in(make_person(email="m@example.org").email, PASSWORD)
    visitor.post(f"/events/{event.pk}/reserve/", page=event.get_absolute_url())
    found = numbers(site)
    assert (
        found["eventflow_decision_seconds_count", "reserve"],
        found["eventflow_decision_seconds_count", "confirm"],
    ) == (1, 0)


def test_metrics_of_the_installation_come_from_the_database(site):
    event = make_event(admission="approval")
    for _ in range(3):
        make_reservation(event)
    Mail.objects.all().delete()
    for subject in ("One", "Two", "Three"):
        mail.queue_to_address(
            mail_builders.note,
            address="reader@example.org",
            language="en",
            args={"subject": subject},
        )
    stuck, old, _new = Mail.objects.order_by("id")
    Mail.objects.filter(pk=stuck.pk).update(
        state=Mail.State.STUCK, created=timezone.now() - timedelta(days=3)
    )
    Mail.objects.filter(pk=old.pk).update(created=timezone.now() - timedelta(hours=1))
    Worker.objects.create(pk="alive", seen_at=timezone.now())
    Worker.objects.create(pk="silent", seen_at=timezone.now() - timedelta(hours=1))
    found = numbers(site)
    assert found["eventflow_queue_length",] == 3
    assert (found["eventflow_mail", "queued"], found["eventflow_mail", "stuck"]) == (2, 1)
    assert 3600 <= found["eventflow_mail_oldest_seconds",] < 3700
    # Three of the guests' acknowledgments, three of the notes.
    assert (found["eventflow_tasks", "due"], found["eventflow_tasks", "running"]) == (6, 0)
    assert found["eventflow_workers",] == 1
    assert found["eventflow_up", "database"] == 1


def test_open_sockets_are_counted(site):
    event = make_event()
    with watch(site, event) as one, watch(site, event) as two:
        counts(one), counts(two)
        assert numbers(site)["eventflow_sockets",] == 2
    wait_until(lambda: numbers(site)["eventflow_sockets",] == 0)


def test_numbers_come_while_every_thread_is_busy(tmp_path):
    with serving(
        tmp_path / "log",
        DJANGO_SETTINGS_MODULE="tests.support.http_settings",
        METRICS_TOKEN=TOKEN,
        REDIS_URL="",
    ) as site:
        busy = [site.ask("/slow/60/") for _ in range(4)]
        wait_until(lambda: site.get("/slow/0/").status == 503)
        found = numbers(site)
        assert (found["eventflow_requests_running",], found["eventflow_requests_waiting",]) == (
            2,
            2,
        )
        assert found["eventflow_requests_total", "GET", "busy", "503"] >= 1
        assert len(busy) == 4


def test_numbers_of_the_process_come_while_the_database_hangs(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgres://eventflow@127.0.0.1:{silent.getsockname()[1]}/eventflow"
        with serving(
            tmp_path / "log",
            DATABASE_URL=url,
            REDIS_URL="",
            EMAIL_HOST="127.0.0.1",
            DEBUG=False,
            METRICS_TOKEN=TOKEN,
        ) as site:
            found = numbers(site)
    assert found["eventflow_up", "database"] == 0
    # Not 0 mails: nobody knows.
    assert [
        found[name] == found[name]
        for name in (
            ("eventflow_queue_length",),
            ("eventflow_mail", "queued"),
            ("eventflow_workers",),
        )
    ] == [False] * 3
