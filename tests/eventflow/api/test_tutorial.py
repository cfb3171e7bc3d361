"""docs/api.md: its commands do what it says they do, and its tables are whole."""

import json
import re
import subprocess
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.conf import settings

from accounts.models import User
from eventflow.api import urls
from eventflow.api.views import docs
from tests.eventflow.api.test_schema import operations
from tests.support import processes
from tests.support.factories import make_event
from tests.support.matching import first_match
from tests.support.server_process import serving

pytestmark = pytest.mark.once(on="postgresql")

PAGE = (settings.BASE_DIR / "docs/api.md").read_text()
END = "--- that was this block ---"
PASSWORD = "eventflow-demo"  # of the demo's people, who are in the tutorial


@dataclass
class Step:
    """Commands, and what the page shows as the last thing they print: text, JSON, or nothing."""

    commands: str
    shown: list[tuple[str, str]] = field(default_factory=list)


def steps() -> list[Step]:
    found: list[Step] = []
    for language, block in re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.M | re.S):
        if language == "sh":
            found.append(Step(block))
        elif not found[-1].shown and "ws://" not in block and '"metrics"' not in block:
            found[-1].shown.append((language, block.strip()))
    return found


class Shell:
    """One shell for the whole page, as a reader has it."""

    def __init__(self, folder: Any) -> None:
        # Whatever hangs ends with its shell, and the test with it.
        shell = ["timeout", "120", "sh"]
        self.process = subprocess.Popen(
            shell,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, commands: str) -> str:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(f"{commands}\necho; echo '{END}'\n")
        self.process.stdin.flush()
        printed: list[str] = []
        for line in self.process.stdout:
            if line.strip() == END:
                return "".join(printed).strip()
            printed.append(line)
        raise AssertionError("The shell is gone. It said: " + "".join(printed))

    def end(self) -> int:
        """End the shell. Returns its exit code."""
        assert self.process.stdin
        self.process.stdin.close()
        return self.process.wait(10)


# Numbers that every installation gives itself; the others are as the page shows them.
OWN = {"id", "organizer", "event_id", "reservation_id"}


def assert_alike(told, shown):
    """The same fields, words and numbers; moments and addresses are each day's own."""
    assert type(told) is type(shown), (told, shown)
    if isinstance(shown, dict):
        assert told.keys() == shown.keys()
        for name in shown.keys() - OWN:
            assert_alike(told[name], shown[name])
    elif not (isinstance(shown, str) and re.search(r"^\d{4}-|^http", shown)):
        assert told == shown


@pytest.mark.process("the tutorial is a shell's")
@pytest.mark.django_db(transaction=True)
def test_tutorial_works_as_written(tmp_path, smtp_server):
    User.objects.create_superuser("admin@example.org", PASSWORD)
    User.objects.create_user(
        "maja@example.org", PASSWORD, activated=True, first_name="Maja", last_name="Wiśniewska"
    )
    make_event(title="Another")
    with (
        serving(
            tmp_path / "log", FRONTEND_ACTIVATION_URL="http://localhost", **smtp_server.env
        ) as site,
        processes.running(
            processes.command("worker", "--interval", "0.1"),
            FRONTEND_ACTIVATION_URL="http://localhost",
            **smtp_server.env,
        ),
    ):
        shell = Shell(tmp_path)
        for step in steps():
            commands = step.commands.replace(
                "http://localhost:8000", f"http://localhost:{site.port}"
            )
            if "the token from the link" in commands:
                processes.wait_until(lambda: smtp_server.letters)
                commands = commands.replace(
                    "the token from the link", token_in(smtp_server.letters[0])
                )
            printed = shell.run(commands)
            for language, shown in step.shown:
                if language == "json":
                    assert_alike(json.loads(printed.splitlines()[-1]), json.loads(shown))
                else:
                    assert printed == shown, step.commands
        assert shell.end() == 0
    assert (tmp_path / "ticket.png").read_bytes().startswith(b"\x89PNG")


def token_in(letter):
    text = letter.get_body(("plain",)).get_content()
    return first_match(r"/activate/([^/\s]+)/", text)[1]


def test_tutorial_lists_every_address():
    table = PAGE.partition("## Every address")[2].partition("## Every code")[0]
    written = {re.sub(r"<\w+>", "<>", path) for path in re.findall(r"/api/[^`\s]*", table)}
    there = {
        "/api/" + re.sub(r"<\w+:\w+>", "<>", str(pattern.pattern)) for pattern in urls.urlpatterns
    }
    assert written == {path for path in there if "/schema/" not in path} - {
        "/api/docs/",
        "/api/redoc/",
    }


def test_tutorial_lists_every_code_with_its_status():
    table = PAGE.partition("## Every code")[2]
    written = {
        (code, int(status)) for code, status in re.findall(r"^\| `(\w+)` \| (\d+) \|", table, re.M)
    }
    document = json.loads(docs.document("en"))
    told = {
        (example["value"]["code"], int(status))
        for _name, operation in operations(document)
        for status, response in operation["responses"].items()
        for content in response["content"].values()
        for example in content.get("examples", {}).values()
        if not example["value"]["success"]
    }
    # What comes before any operation is reached, and what should never come.
    assert written == told | {
        ("bad_request", 400),
        ("method_not_allowed", 405),
        ("server_error", 500),
        ("two_factors_required", 403),
    }
