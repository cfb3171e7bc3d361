"""The commands that the README names, as somebody would type them."""

import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from django.conf import settings

from tests.support import forked, migrated_template
from tests.support.processes import command, wait_until
from tests.support.smtp_server import free_port

# They choose their own database, whichever stack is being tested.
pytestmark = [pytest.mark.once, pytest.mark.process("the commands of the README")]
ROOT = settings.BASE_DIR
RUN = str(ROOT / "bin/run")
KEY = "long-and-random-0123456789-0123456789"


def own_environment(tmp_path, **extra):
    """What the shell of a newcomer holds, and a folder for the data that is not theirs."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    blank = {
        "DATABASE_URL": "",
        "REDIS_URL": "",
        "EMAIL_HOST": "",
        "DATA_DIR": str(tmp_path / "var"),
    }
    return {**kept, **blank, **{name: str(value) for name, value in extra.items()}}


def said(tmp_path, *words, **extra):
    """Exit code and the lines on stderr of a command that is expected to end by itself."""
    done = subprocess.run(
        words,
        env=own_environment(tmp_path, **extra),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    return done.returncode, done.stderr.splitlines()


def forked_run(tmp_path, **extra):
    """Exit code and the lines on stderr of a trial that ends by itself, without the script."""
    env = own_environment(tmp_path, **extra)
    done = forked.run(command("run"), env=env, cwd=ROOT, timeout=300)
    return done.returncode, done.stderr.splitlines()


@contextmanager
def started(tmp_path, *, script=True, **extra):
    """`bin/run` until the block ends: its process, its address, and the file with what it says.

    Without the script `run` is forked; its web process and worker are started as ever.
    """
    port, log = free_port(), tmp_path / "log"
    with log.open("w") as output:
        told = {"cwd": ROOT, "stdout": output, "stderr": output}
        told["env"] = own_environment(tmp_path, PORT=port, **extra)
        process: subprocess.Popen[bytes] | forked.Process = (
            subprocess.Popen([RUN], **told) if script else forked.Process(command("run"), **told)
        )
    try:
        wait_until(
            lambda: process.poll() is not None or "Stop it with Ctrl-C." in log.read_text(),
            seconds=300,
        )
        assert process.poll() is None, log.read_text()
        yield process, f"http://127.0.0.1:{port}", log
    finally:
        process.kill()
        process.wait()


def get(address):
    with urllib.request.urlopen(address, timeout=60) as response:
        return response.read().decode()


def children_of(pid):
    """Process ids and command lines of the direct children, from /proc."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            command = (folder / "cmdline").read_text().split("\0")
        except (OSError, ValueError):
            continue
        if parent == pid and "manage.py" in command:
            found[command[command.index("manage.py") + 1]] = int(folder.name)
    return found


def is_alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


class FirstRun(NamedTuple):
    """A trial that was started once, and stopped: its folder, and what was seen."""

    folder: Path
    page: str
    children: dict[str, int]
    address: str
    code: int


@pytest.fixture(scope="module")
def first_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trial")
    with started(folder) as (process, address, _log):
        page, children = get(address), children_of(process.pid)
        process.terminate()
        process.wait(timeout=60)
    return FirstRun(folder, page, children, address, process.returncode)


@pytest.fixture
def later_run(first_run, tmp_path):
    """The folder of a trial with its database and its demo data, which a start finds there."""
    shutil.copytree(first_run.folder, tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_run_starts_everything_and_leaves_nothing_behind(first_run):
    assert "Night Print" in first_run.page
    assert sorted(first_run.children) == ["serve", "worker"]
    assert first_run.code == 0
    output = (first_run.folder / "log").read_text()
    assert f"EventFlow is ready: http://localhost:{first_run.address.rpartition(':')[2]}" in output
    assert re.search(r"admin@example\.org\s+Anna Nowak, admin", output)
    assert not any(is_alive(pid) for pid in first_run.children.values())


def test_run_without_debug_serves_the_collected_files_and_shows_no_demo(tmp_path, pytestconfig):
    # Migrated already; the first run begins with nothing.
    (tmp_path / "var").mkdir()
    template = migrated_template.sqlite_file(pytestconfig.cache.mkdir("eventflow"))
    shutil.copyfile(template, tmp_path / "var/eventflow.sqlite3")
    with started(tmp_path, DEBUG=False, DJANGO_SECRET_KEY=KEY, EMAIL_HOST="127.0.0.1") as (
        process,
        address,
        log,
    ):
        page = get(address)
        stylesheet = re.search(r'href="(/static/css/app\.[0-9a-f]{12}\.css)"', page)
        assert stylesheet, page
        assert "@layer" in get(address + stylesheet[1])
        assert "Night Print" not in page
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
    assert process.returncode == 0
    assert "example.org" not in log.read_text()


def test_run_replaces_a_worker_that_died_and_stops_when_the_web_process_does(later_run):
    with started(later_run, script=False) as (process, _, log):
        first = wait_until(lambda: children_of(process.pid).get("worker"))
        os.kill(first, signal.SIGKILL)
        second = wait_until(
            lambda: (
                children_of(process.pid).get("worker", first) != first
                and children_of(process.pid)["worker"]
            )
        )
        os.kill(children_of(process.pid)["serve"], signal.SIGKILL)
        process.wait(timeout=60)
    assert process.returncode == 1
    output = log.read_text()
    assert "The worker ended with code -9; starting another." in output
    assert output.splitlines()[-1].endswith(
        "EventFlow stopped, because its web process ended by itself; the lines above say why."
    )
    assert not is_alive(second)


def test_run_that_is_killed_takes_its_children_with_it(later_run):
    with started(later_run, script=False) as (process, _, _):
        children = wait_until(lambda: len(found := children_of(process.pid)) == 2 and found)
        process.kill()
        wait_until(lambda: not any(is_alive(pid) for pid in children.values()))


def test_commands_of_an_operator_are_typed_beside_a_trial(later_run):
    manage = [ROOT / ".venv/bin/python", ROOT / "manage.py"]
    assert said(later_run, *manage, "migrate", "--verbosity=0") == (0, [])
    assert said(later_run, *manage, "check_invariants") == (0, [])
    code, lines = said(later_run, *manage, "load_demo")
    assert (code, len(lines)) == (1, 1)
    assert "people in this database already" in lines[0]


def test_run_says_when_the_port_is_taken(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        code, lines = forked_run(tmp_path, PORT=port)
    assert (code, lines) == (
        1,
        [
            (
                f"CommandError: Port {port} is in use by another program. Choose another one: "
                "PORT=8001 bin/run"
            )
        ],
    )


def test_run_says_which_python_it_needs(tmp_path):
    old = tmp_path / "python3.11"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(old.stat().st_mode | stat.S_IXUSR)
    code, lines = said(tmp_path, RUN, PYTHON=old)
    assert (code, lines) == (
        1,
        [f"EventFlow needs Python 3.13 or newer, and PYTHON={old} is not one."],
    )


@pytest.mark.parametrize(
    ("env", "sentence"),
    [
        (
            {"DEBUG": "False", "DJANGO_SECRET_KEY": ""},
            (
                "Set DJANGO_SECRET_KEY to a long random string: DEBUG=False is set, so this is no "
                "trial, for which EventFlow makes one itself."
            ),
        ),
        (
            {
                "DATABASE_URL": "postgres://a@127.0.0.1:1/b",
                "DJANGO_SECRET_KEY": KEY,
                "DEBUG": "False",
            },
            (
                "Set EMAIL_HOST to your SMTP server: DATABASE_URL is set, so mail is not shown on "
                "a page."
            ),
        ),
    ],
)
def test_run_says_in_one_line_what_is_missing(tmp_path, env, sentence):
    assert said(tmp_path, RUN, **env) == (1, [f"EventFlow can't start: {sentence}"])


def test_run_says_in_one_line_which_secret_file_it_can_not_read(tmp_path):
    env = {"DATABASE_URL": "", "DATABASE_URL_FILE": "/nowhere/database-url"}
    assert said(tmp_path, RUN, **env) == (
        1,
        [
            (
                "EventFlow can't start: DATABASE_URL_FILE=/nowhere/database-url can't be read: No "
                "such file or directory."
            )
        ],
    )


def test_run_says_in_one_line_that_the_database_is_away(tmp_path):
    env = {
        "DATABASE_URL": "postgres://a@127.0.0.1:1/b",
        "DJANGO_SECRET_KEY": KEY,
        "DEBUG": "False",
        "EMAIL_HOST": "127.0.0.1",
    }
    began = time.monotonic()
    code, lines = forked_run(tmp_path, **env)
    assert (code, len(lines)) == (1, 1)
    assert lines[0].startswith("CommandError: The database does not answer: ")
    assert time.monotonic() - began < 20


def names_read_by_the_settings():
    read = re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', (ROOT / "eventflow/settings.py").read_text())
    return set(read)


@pytest.mark.parametrize("document", ["README.md", ".env.dev"])
def test_every_environment_variable_is_documented(document):
    named = set(re.findall(r"[A-Z][A-Z_]+", (ROOT / document).read_text()))
    assert {"DJANGO_SECRET_KEY", "DATABASE_URL", "PORT"} <= names_read_by_the_settings()
    assert names_read_by_the_settings() - named == set()
