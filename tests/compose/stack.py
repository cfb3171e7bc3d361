"""The whole stack as an operator starts it, from a fresh clone, and looked at from outside only."""

import http.client
import json
import os
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
HOST, PORT, MAIL_PORT = "localhost", 8000, 8025
ADMIN, PASSWORD = "admin@example.org", "three random words"


class Stack:
    """A clone in `folder`, in which docker compose is called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # Without what the machine's owner has set for a stack of their own.
        kept = {
            name: value
            for name, value in os.environ.items()
            if name in {"PATH", "HOME", "DOCKER_HOST", "DOCKER_CONFIG", "LANG"}
        }
        self.env = kept | {"COMPOSE_PROJECT_NAME": "eventflow-test"}

    def run(self, *words: str, seconds: float = 900, ok: bool = True) -> str:
        """Return what a command prints; fail the test if the command does, unless `ok` is False."""
        done = subprocess.run(
            words,
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
        )
        assert done.returncode == 0 or not ok, f"{' '.join(words)}\n{done.stdout[-6000:]}"
        return done.stdout

    def compose(self, *words: str, **options: Any) -> str:
        return self.run("docker", "compose", *words, **options)

    def containers(self, service: str = "backend") -> list[str]:
        return self.run("docker", "compose", "ps", "--quiet", service).split()

    def inspect(self, container: str) -> Any:
        return json.loads(self.run("docker", "inspect", container))[0]


@dataclass
class Answer:
    """The answer to a request: its status, body and headers."""

    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def data(self) -> Any:
        return json.loads(self.body)["data"]


def ask(
    method: str, path: str, data: Any = None, *, token: str = "", port: int = PORT, **headers: str
) -> Answer:
    """Send a request on a new connection, as a new visitor does.

    Raises OSError or HTTPException if there is no answer.
    """
    if data is not None:
        headers["Content-Type"] = "application/json"
    if token:
        headers["Authorization"] = f"Bearer {token}"
    connection = http.client.HTTPConnection(HOST, port, timeout=60)
    try:
        connection.request(
            method, path, body=None if data is None else json.dumps(data), headers=headers
        )
        response = connection.getresponse()
        return Answer(response.status, response.read(), dict(response.headers))
    finally:
        connection.close()


def api(method: str, path: str, data: Any = None, *, status: int = 200, **options: Any) -> Any:
    """Call the API and check the status of the answer. Returns its data."""
    answer = ask(method, f"/api{path}", data, **options)
    assert answer.status == status, (method, path, answer.status, answer.body[:500])
    return answer.data


def log_in(email: str) -> str:
    return api("POST", "/login/", {"email": email, "password": PASSWORD})["access"]


def letters() -> list[str]:
    """The text of every mail that the stack's mail server has got."""
    texts = []
    for message in json.loads(ask("GET", "/api/v1/messages", port=MAIL_PORT).body)["messages"]:
        if "Text" not in message:
            message = json.loads(
                ask("GET", f"/api/v1/message/{message['ID']}", port=MAIL_PORT).body
            )
        texts.append(f"{message['To']}\n{message['Subject']}\n{message['Text']}")
    return texts


def wait_until(condition: Callable[[], Any], *, seconds: float = 60) -> Any:
    until = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < until, f"still waiting after {seconds} s"
        time.sleep(0.2)
    return answer


def sign_up(email: str, first_name: str) -> str:
    """Register, follow the link of the mail, and log in. Returns the access token."""
    api(
        "POST",
        "/users/register/",
        {"email": email, "password": PASSWORD, "first_name": first_name, "last_name": "Nowak"},
        status=201,
    )
    letter = wait_until(
        lambda: next((text for text in letters() if email in text and "/activate/" in text), None)
    )
    link = re.search(r"http://localhost:8000/activate/([^/\s]+)/", letter)
    assert link, letter
    # A person presses the button on that page.
    assert ask("GET", f"/activate/{link[1]}/").status == 200
    api("GET", f"/users/activate/{link[1]}/")
    return log_in(email)
