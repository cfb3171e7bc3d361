"""The documented commands, the main job through the proxy with two backends, a rolling restart."""

import contextlib
import http.client
import json
import re
import socket
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from stack import ADMIN, HOST, PASSWORD, PORT, api, ask, letters, log_in, sign_up, wait_until
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

REQUESTS, CLIENTS = 500, 8
# One wrong password, from another address than that of these tests.
GUESS = """
import http.client
proxy = http.client.HTTPConnection("proxy", 8000)
proxy.request("POST", "/api/login/", '{"email": "nobody@example.org", "password": "wrong"}',
    {"Content-Type": "application/json", "Host": "localhost"})
print(proxy.getresponse().status)
"""


@pytest.fixture(scope="module")
def two_backends(stack):
    stack.compose("up", "--detach", "--wait", "--scale", "backend=2")
    assert len(stack.containers()) == 2
    return stack


@pytest.fixture(scope="module")
def organizer(two_backends):
    """The access token of a person who signed up and whom the Admin made an Organizer."""
    token = sign_up("nora@example.org", "Nora")
    me = api("GET", "/users/me/", token=token)["id"]
    api(
        "PATCH",
        f"/users/admin/users/{me}/set-organizer/",
        {"is_organizer": True},
        token=log_in(ADMIN),
    )
    return token


def published(organizer, **more):
    """Create and publish an event. Returns its id."""
    place = {"location": "Ruska 46c", "time_zone": "Europe/Warsaw"}
    times = {"start_time": "2035-05-04T18:00:00", "end_time": "2035-05-04T21:00:00"}
    fields = {"title": "Bookbinding", "seats_limit": 12, **place, **times, **more}
    path = "/events/organizer/events/create/"
    event = api("POST", path, fields, token=organizer, status=201)["id"]
    api("POST", f"/events/organizer/{event}/publish/", token=organizer)
    return event


# --- What was started -----------------------------------------------------------------------------


def test_pages_are_at_the_documented_address(stack):
    page = ask("GET", "/", **{"Accept-Encoding": "gzip"})
    assert (page.status, page.headers["Content-Encoding"]) == (200, "gzip")
    stylesheet = re.search(r'href="(/static/css/app[^"]*\.css)"', ask("GET", "/").body.decode())
    assert stylesheet
    assert ask("GET", stylesheet[1]).status == 200
    health = json.loads(ask("GET", "/health/").body)
    assert (health["status"], health["db_ok"], health["redis_ok"]) == ("ok", True, True)


def test_metrics_are_not_public(stack):
    assert ask("GET", "/metrics").status == 404


def test_containers_have_minimal_privileges(stack):
    for service in ("backend", "worker", "proxy", "db", "redis", "mail"):
        host = stack.inspect(stack.containers(service)[0])["HostConfig"]
        limits = host["ReadonlyRootfs"], host["CapDrop"], host["SecurityOpt"]
        assert limits == (True, ["ALL"], ["no-new-privileges:true"]), service
        assert host["Memory"] > 0
        assert host["PidsLimit"] > 0
        assert host["LogConfig"]["Config"]["max-size"] == "10m"
    assert stack.compose("exec", "-T", "backend", "id", "-u").strip() == "10001"
    for service in ("backend", "worker", "db", "redis"):
        assert not any(
            stack.inspect(stack.containers(service)[0])["HostConfig"]["PortBindings"] or {}
        ), service


def test_final_image_has_no_tools_tests_or_secrets(stack):
    stack.run("docker", "build", "--quiet", "--tag", "eventflow:tried", ".", seconds=1800)
    options = "--rm --read-only --cap-drop=ALL --network=none"
    inside = f"docker run {options} eventflow:tried".split()
    tools = "for tool in gcc cc make pip pip3 git; do command -v $tool; done"
    look = f"{tools}; ls -d tests .env .git var/*.sqlite3; id -u"
    found = stack.run(*inside, "sh", "-c", look, ok=False)
    assert [line for line in found.splitlines() if not line.startswith("ls: ")] == ["10001"]
    history = stack.run(
        "docker", "history", "--no-trunc", "--format", "{{.CreatedBy}}", "eventflow:tried"
    )
    env = stack.inspect("eventflow:tried")["Config"]["Env"]
    assert not re.search(r"SECRET|PASSWORD|TOKEN", " ".join(env))
    assert "only-for-one-machine" not in history
    # It says what it lacks, and serves nothing without it.
    said = stack.run(*inside, ok=False)
    assert said.strip() == (
        "EventFlow can't start: Set DJANGO_SECRET_KEY to a long random string: DEBUG=False is set, "
        "so this is no trial, for which EventFlow makes one itself."
    )


# --- The main job ---------------------------------------------------------------------------------


def test_main_job_works_through_the_proxy_with_two_backends(two_backends, organizer):
    event = published(organizer)
    guest = sign_up("maja@example.org", "Maja")
    with connect(f"ws://{HOST}:{PORT}/ws/events/{event}/") as watching:
        assert numbers(watching)["pending_count"] == 0
        seat = api("POST", f"/events/{event}/register/", token=guest, status=201)["reservation_id"]
        # Whichever backend took it, and whichever this socket is with.
        while numbers(watching)["pending_count"] != 1:
            pass
    assert len(api("GET", f"/events/{event}/participants/", token=organizer)) == 1
    api("PATCH", f"/reservations/{seat}/status/", {"status": "confirmed"}, token=organizer)
    ticket = ask("GET", f"/api/reservations/{seat}/ticket/", token=guest)
    assert (ticket.status, ticket.body[:4]) == (200, b"%PDF")
    # It also goes by mail, when the decision can't be taken back any more.
    recipient, title = "maja@example.org", "Bookbinding"
    wait_until(lambda: any(recipient in letter and title in letter for letter in letters()))
    check_in = f"/reservations/{seat}/check-in/"
    assert api("POST", check_in, token=organizer)["already_checked_in"] is False
    assert api("POST", check_in, token=organizer)["already_checked_in"] is True
    served = [
        len(re.findall("eventflow.access.* /api/", two_backends.run("docker", "logs", each)))
        for each in two_backends.containers()
    ]
    assert min(served) > 0, served


def numbers(watching):
    return json.loads(watching.recv(timeout=60))


# --- A rolling restart ----------------------------------------------------------------------------


@dataclass
class Guest:
    """A guest who opens an event, reserves a seat and cancels it, again and again.

    `failed` holds the requests without the expected answer.
    """

    token: str
    event: int
    asked: Counter = field(default_factory=Counter)
    failed: list = field(default_factory=list)

    def go_on(self, stop):
        while not stop.is_set():
            self.expect(200, "GET", "/")
            self.expect(200, "GET", f"/events/{self.event}/")
            seat = self.expect(201, "POST", f"/api/events/{self.event}/register/")
            if seat:
                self.expect(200, "DELETE", f"/api/reservations/{seat.data['reservation_id']}/")

    def expect(self, status, method, path):
        """Send a request. Returns its answer if the status is the expected one, else notes it."""
        self.asked[method] += 1
        try:
            answer = ask(method, path, token=self.token)
        except (OSError, http.client.HTTPException) as error:
            return self.failed.append((method, path, repr(error)))
        if answer.status != status:
            return self.failed.append((method, path, answer.status, answer.body[:200]))
        return answer


def test_rolling_restart_loses_no_request(two_backends, organizer):
    event = published(organizer, seats_limit=100, admission="automatic")
    addresses = [f"guest-{number}@example.org" for number in range(CLIENTS)]
    create = f"User.objects.create_user(email, {PASSWORD!r}, activated=True)"
    make = f"from accounts.models import User\nfor email in {addresses!r}: {create}"
    two_backends.compose("exec", "-T", "backend", "python", "manage.py", "shell", "-c", make)
    guests = [Guest(log_in(address), event) for address in addresses]
    before, stop = two_backends.containers(), threading.Event()
    with (
        ThreadPoolExecutor(CLIENTS + 1) as threads,
        connect(f"ws://{HOST}:{PORT}/ws/events/{event}/") as watching,
    ):
        ended = threads.submit(code_of_the_end, watching)
        running = [threads.submit(guest.go_on, stop) for guest in guests]
        try:
            two_backends.run("bin/rollout", seconds=600)
            wait_until(
                lambda: sum(guest.asked.total() for guest in guests) >= REQUESTS, seconds=120
            )
        finally:
            stop.set()
        for each in running:
            each.result(120)
        # The page behind this socket comes back by itself.
        assert ended.result(20) == 1001
    asked = sum((guest.asked for guest in guests), Counter())
    print(
        f"\nrolling restart of {len(before)} backends: {asked.total()} requests {dict(asked)},"
        f" failed {sum(len(guest.failed) for guest in guests)}"
    )
    failed = [failure for guest in guests for failure in guest.failed]
    assert failed == [], two_backends.compose("logs", "--no-log-prefix", "--tail", "200", "backend")
    assert asked.total() >= REQUESTS
    assert len(two_backends.containers()) == len(before)
    assert not set(two_backends.containers()) & set(before)


def code_of_the_end(watching):
    """What the server says when it closes; None when it vanishes without a word."""
    try:
        while True:
            watching.recv()
    except ConnectionClosed as closed:
        return closed.rcvd and closed.rcvd.code


def test_rollout_keeps_old_backends_when_a_new_one_is_unhealthy(two_backends):
    before = two_backends.containers()
    env = two_backends.folder / ".env"
    good = env.read_text()
    try:
        env.write_text(good + "\nRATE_LIMITS=on\nAPI_RATE_PERSON=nonsense\nROLLOUT_SECONDS=30\n")
        said = two_backends.run("bin/rollout", seconds=300, ok=False)
    finally:
        env.write_text(good)
    assert "The new container is not well" in said
    assert set(before) <= set(two_backends.containers())
    assert ask("GET", "/").status == 200
    two_backends.compose("up", "--detach", "--wait", "--no-recreate", "--scale", "backend=2")


# --- The proxy ------------------------------------------------------------------------------------


def test_rate_limits_use_the_real_address(stack):
    """Guesses of passwords are limited, though each claims to come from another address."""
    answers = Counter[int]()
    for number in range(40):
        said = {
            "X-Forwarded-For": f"198.51.100.{number}",
            "X-Real-IP": f"198.51.100.{number}",
            "Forwarded": f"for=198.51.100.{number}",
        }
        answers[
            ask(
                "POST",
                "/api/login/",
                {"email": f"nobody-{number}@example.org", "password": "wrong"},
                **said,
            ).status
        ] += 1
    assert 429 in answers, answers
    assert set(answers) <= {401, 429}, answers
    # Nor is everybody the proxy: somebody else is not slowed down for it.
    other = stack.compose("exec", "-T", "backend", "python", "-c", GUESS)
    assert other.strip() == "401"


def test_endless_body_is_cut_off(stack):
    with socket.create_connection((HOST, PORT), timeout=60) as ours:
        ours.sendall(
            b"POST /api/login/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        sent = 0
        with contextlib.suppress(OSError):
            while sent < 64 * 2**20:
                ours.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
                sent += 65536
    assert sent < 32 * 2**20
    assert ask("GET", "/health/").status == 200


# --- The suite ------------------------------------------------------------------------------------


def test_suite_passes_inside_the_development_container(stack):
    print(stack.compose("exec", "-T", "backend", "pytest", "-q", seconds=2400)[-400:])
