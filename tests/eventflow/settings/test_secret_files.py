"""Secrets that are read from files."""

import os
import stat
from pathlib import Path

import pytest

from eventflow.mail.files import PrivateFileBackend
from tests.eventflow.settings.environments import REAL, ROOT
from tests.support import forked
from tests.support.processes import command

pytestmark = pytest.mark.once


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def open_to_all(folder):
    for path in [*folder.rglob("*"), folder]:
        path.chmod(0o755 if path.is_dir() else 0o644)


@pytest.fixture
def usual_umask():
    before = os.umask(0o022)
    yield
    os.umask(before)


def manage(*words, **env):
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    env = kept | {name: str(value) for name, value in env.items()}
    done = forked.run(command(*words), env=env, cwd=ROOT)
    assert done.returncode == 0, done.stderr


@pytest.mark.process("files are made at a start")
def test_files_with_secrets_are_closed_to_others_new_or_old(tmp_path, usual_umask):
    """In a process of its own, as at a start: settings, database and mail files together."""
    folder, elsewhere = tmp_path / "var", tmp_path / "shared"
    letter = (
        "from django.core.mail import mailers, EmailMessage as E; "
        "mailers.default.send_messages([E('s', 'b', to=['a@example.org'])])"
    )
    elsewhere.mkdir(mode=0o755)
    for start in ({"DATABASE_URL": ""}, REAL | {"DATABASE_URL": f"sqlite:///{elsewhere}/db"}):
        manage("migrate", "accounts", "0001", "--verbosity=0", DATA_DIR=folder, **start)
        if not start["DATABASE_URL"]:
            manage("shell", "-v0", "-c", letter, DATA_DIR=folder)
    private = [
        *folder.glob("eventflow.sqlite3*"),
        *folder.glob("mail/*"),
        folder / "secret-key",
        *elsewhere.glob("db*"),
    ]
    assert len(private) >= 4
    assert {mode(path) for path in private} == {0o600}
    assert {mode(folder), mode(folder / "mail")} == {0o700}
    assert mode(elsewhere) == 0o755
    open_to_all(folder)
    manage("check", DATA_DIR=folder)
    assert {mode(path) for path in private} == {0o600}
    assert {mode(folder), mode(folder / "mail")} == {0o700}


def test_wal_of_an_open_database_is_closed_too(tmp_path, usual_umask, started):
    folder = tmp_path / "var"
    folder.mkdir()
    for name in (
        "eventflow.sqlite3",
        "eventflow.sqlite3-wal",
        "eventflow.sqlite3-shm",
        "secret-key",
    ):
        (folder / name).write_text("x" * 40)
    open_to_all(folder)
    started()
    assert {mode(path) for path in folder.iterdir() if path.is_file()} == {0o600}


def test_mail_is_written_closed_to_others(tmp_path, usual_umask):
    backend = PrivateFileBackend(alias="default", file_path=str(tmp_path))
    backend.open()
    backend.close()
    assert {mode(path) for path in Path(tmp_path).iterdir()} == {0o600}
