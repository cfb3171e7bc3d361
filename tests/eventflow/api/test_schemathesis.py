"""Thousands of requests generated from the live schema, with the tokens of several people."""

import json
import os
import subprocess
from pathlib import Path
from sys import executable

import pytest

from tests.eventflow.api.clients import sign_in
from tests.support.factories import (
    make_admin,
    make_event,
    make_organizer,
    make_people,
    make_person,
    make_reservation,
)
from tests.support.processes import environment
from tests.support.server_process import serving
from tickets.queue import registration

# Ids begin at 1, where a machine looks first, whatever ran before.
pytestmark = [
    pytest.mark.django_db(transaction=True, reset_sequences=True),
    pytest.mark.process("Schemathesis is a command"),
]
# What no schema can say (an event ends after it starts) makes a request that fits its schema a 400.
LEFT_OUT = "positive_data_acceptance"
# These two send the same at every run. LONG=1 makes requests up, too, and follows the links.
PHASES = "examples,coverage" + (",fuzzing,stateful" if os.environ.get("LONG") else "")
# Whose token: an Admin may do everything, and has events here. LONG=1 asks with every token, and on
# both databases.
ROLES = ["user", "organizer", "admin"] if os.environ.get("LONG") else ["admin"]
# Refusals name the fields under `errors`; taken as a part of the body, they would break requests.
CONFIG = "[phases.fuzzing.error-feedback]\nenabled = false\n"


@pytest.fixture
def people():
    """{role: token}: an Organizer and an Admin with events, and a guest with every status."""
    organizer, guest, admin = make_organizer(), make_person(), make_admin()
    for status in ("published", "draft", "cancelled"):
        for person in (admin, organizer):
            make_event(organizer=person, status=status)
    event = make_event(organizer=admin, seats_limit=5)
    for person in make_people(30):
        registration.reserve(event.pk, person=person)
    make_reservation(event, guest, status="confirmed")
    for person in (organizer, admin):
        make_reservation(event, person, status="confirmed")
    return {
        "user": sign_in(guest)["access"],
        "organizer": sign_in(organizer)["access"],
        "admin": sign_in(admin)["access"],
    }


def fuzz(port, token, report: Path):
    """Send them all. What was found to be wrong is what the command prints."""
    command = Path(executable).with_name("schemathesis")
    config = report.with_suffix(".toml")
    config.write_text(CONFIG)
    schema = f"http://127.0.0.1:{port}/api/schema/"
    program = [str(command), "--config-file", str(config), "run"]
    options = {
        "--header": f"Authorization: Bearer {token}",
        "--checks": "all",
        "--exclude-checks": LEFT_OUT,
        "--phases": PHASES,
        "--max-examples": "4",
        "--seed": "1",
        "--warnings": "off",
        "--suppress-health-check": "all",
        "--report": "ndjson",
        "--report-ndjson-path": str(report),
    }
    words = [word for option in options.items() for word in option]
    found = subprocess.run(
        [*program, schema, *words, "--continue-on-failure", "--no-color"],
        cwd=report.parent,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert found.returncode == 0, found.stdout[-8000:] + found.stderr[-2000:]


def answers(report: Path):
    """(operation, status) of every request that was sent."""
    for line in report.read_text().splitlines():
        recorder = json.loads(line).get("ScenarioFinished", {}).get("recorder", {})
        for sent in recorder.get("interactions", {}).values():
            yield recorder["label"], sent["response"]["status_code"]


def test_thousands_of_made_up_requests_find_nothing(people, tmp_path):
    """No 5xx, no answer outside of the schema, no operation without authentication."""
    got = []
    with serving(
        tmp_path / "log",
        RATE_LIMITS="off",
        DEBUG=False,
        EMAIL_HOST="127.0.0.1",
        LOG_LEVEL="WARNING",
        ALLOWED_HOSTS="127.0.0.1",
    ) as site:
        for role in ROLES:
            fuzz(site.port, people[role], tmp_path / f"{role}.ndjson")
            got += answers(tmp_path / f"{role}.ndjson")
    assert len(got) >= 1000 * len(ROLES)
    assert {status for _operation, status in got} <= {
        200,
        201,
        400,
        401,
        403,
        404,
        405,
        409,
        413,
        415,
        422,
    }
    # A machine that is refused everywhere would find nothing either.
    reached = {operation for operation, status in got if status < 300}
    assert len(reached) >= 28, sorted(reached)
