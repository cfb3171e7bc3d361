"""A backup beside traffic brings everything back; a restore that fails changes nothing.

Every test has an installation of its own, which begins as a copy of the migrated template. One
test types what the operator types, bin/backup and bin/restore; the others run the commands behind
them. It is long because such an installation takes many lines, and all tests share it.
"""

import gzip
import json
import os
import re
import secrets
import shutil
import sqlite3
import stat
import subprocess
import sys
import tarfile
import time
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from django.conf import settings

from eventflow.core.errors import Refused
from eventflow.operations.backup import archive
from tests.support import forked, migrated_template
from tests.support.processes import command, wait_until

pytestmark = [pytest.mark.both, pytest.mark.process("backup and restore are commands")]

ROOT = settings.BASE_DIR


class Installation:
    """A folder, and on PostgreSQL a database of its own beside that of the tests."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.name = folder, f"drill_{secrets.token_hex(4)}"
        self.file = folder / "var/eventflow.sqlite3"
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.env = {
            **kept,
            "DATA_DIR": str(folder / "var"),
            "DATABASE_URL": "",
            "REDIS_URL": "",
            "EMAIL_HOST": "",
            "LOG_LEVEL": "WARNING",
        }
        if not settings.EMBEDDED:
            url = urlsplit(settings.DATABASE_URL)
            self.env |= {
                "DATABASE_URL": url._replace(path=self.name).geturl(),
                "DJANGO_SECRET_KEY": "for-the-drill-0123456789-0123456789",
                "EMAIL_HOST": "127.0.0.1",
            }

    def make(self, template):
        """Copy this database, the template's file or its name on the server."""
        if settings.EMBEDDED:
            self.file.parent.mkdir()
            shutil.copyfile(template, self.file)
        else:
            self.ask(f'CREATE DATABASE {self.name} TEMPLATE "{template}"')

    def destroy(self):
        """Everything but the backups."""
        if settings.EMBEDDED:
            shutil.rmtree(self.folder / "var")
        else:
            self.ask(f"DROP DATABASE {self.name} WITH (FORCE)")

    @contextmanager
    def own_role(self):
        """A role of the server for this drill. Yields an environment with it, and its password.

        The password of the tests may be a word that commands hold anyway, such as the user's name.
        """
        role, password = f"{self.name}_role", secrets.token_hex(16)
        self.ask(f"CREATE ROLE {role} SUPERUSER LOGIN PASSWORD '{password}'")
        try:
            url = urlsplit(self.env["DATABASE_URL"])
            netloc = f"{role}:{password}@{url.netloc.rpartition('@')[2]}"
            yield self.env | {"DATABASE_URL": url._replace(netloc=netloc).geturl()}, password
        finally:
            self.ask(f"DROP ROLE {role}")

    def databases(self):
        """Of ours, those that are there: the one in use, and those beside it."""
        if settings.EMBEDDED:
            return sorted(path.name for path in self.file.parent.glob("eventflow.sqlite3*"))
        with psycopg.connect(settings.DATABASE_URL) as server:
            return [
                row[0]
                for row in server.execute(
                    "SELECT datname FROM pg_database WHERE starts_with(datname, %s) ORDER BY 1",
                    [self.name],
                )
            ]

    def ask(self, words):
        with psycopg.connect(settings.DATABASE_URL, autocommit=True) as server:
            server.execute(words)

    def type(self, script, *words):
        """What an operator types. Returns what it prints."""
        done = subprocess.run(
            [str(ROOT / script), *words],
            env=self.env,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def said(self, *words):
        """Exit code, stdout and stderr of a command of manage.py."""
        done = forked.run(command(*words), cwd=ROOT, env=self.env, timeout=120)
        return done.returncode, done.stdout, done.stderr

    def run(self, *words):
        code, out, err = self.said(*words)
        assert code == 0, err
        return out

    def backup(self, *words):
        return Path(self.run("backup", str(self.folder / "backups"), *words).strip())

    @contextmanager
    def writing(self, seed):
        """Write to the database in another process; yields the lines that it prints."""
        log = self.folder / f"{seed}.log"
        with log.open("w") as out:
            process = forked.Process(
                [sys.executable, "-m", "tests.support.background_writer", seed],
                cwd=ROOT,
                env=self.env | {"DJANGO_SETTINGS_MODULE": "eventflow.settings"},
                stdin=subprocess.PIPE,
                stdout=out,
            )
            assert process.stdin
            try:
                yield lambda: [
                    json.loads(line) for line in log.read_text().splitlines() if line.endswith("}")
                ]
                process.stdin.close()
                assert process.wait(timeout=60) == 0
            finally:
                process.kill()
                process.wait()
                process.stdin.close()

    def sql(self, words):
        """The rows that this brings."""
        if settings.EMBEDDED:
            with closing(sqlite3.connect(self.file, isolation_level=None)) as database:
                return database.execute(words).fetchall()
        with psycopg.connect(self.env["DATABASE_URL"]) as database:
            asked = database.execute(words)
            return asked.fetchall() if asked.description else []

    def standing(self):
        """Every reservation's state by its id."""
        inside = (
            "SELECT reservation_id FROM tickets_ticket "
            "WHERE void_at IS NULL AND checked_in_at IS NOT NULL"
        )
        return dict(
            self.sql(
                f"SELECT id, CASE WHEN id IN ({inside}) THEN 'inside' ELSE status END FROM "
                "tickets_reservation"
            )
        )


@pytest.fixture(scope="module")
def template(pytestconfig, django_db_setup, django_db_blocker):
    """Migrated, and nobody there."""
    folder = pytestconfig.cache.mkdir("eventflow")
    with django_db_blocker.unblock():
        if settings.EMBEDDED:
            return migrated_template.sqlite_file(folder)
        return migrated_template.postgresql_name(folder)


@pytest.fixture
def place(template, tmp_path):
    installation = Installation(tmp_path)
    installation.make(template)
    yield installation
    if not settings.EMBEDDED:
        for name in installation.databases():
            installation.ask(f'DROP DATABASE "{name}" WITH (FORCE)')


def done(lines):
    return [line for line in lines if line["is"] == "done"]


def test_backup_under_load_brings_back_everything_acknowledged_before_it(place):
    with place.writing("maja") as maja, place.writing("jonas") as jonas:
        wait_until(lambda: min(len(done(maja())), len(done(jonas()))) >= 15)
        before = done(maja()) + done(jonas())
        file = place.backup()
        # They never stopped, and what they did meanwhile may be in it or not.
        count = len(done(maja()))
        wait_until(lambda: len(done(maja())) > count + 10)
    afterwards = maja() + jonas()
    place.destroy()

    place.run("restore", str(file))
    assert "All invariants hold" in place.run("check_invariants")
    states = place.standing()
    # The states that each reservation may be in: the last one acknowledged before, or any that it
    # was brought to since.
    for pk in {line["reservation"] for line in before}:
        last = [line["status"] for line in before if line["reservation"] == pk][-1]
        history = [line["status"] for line in done(afterwards) if line["reservation"] == pk]
        since = history[len([line for line in before if line["reservation"] == pk]) :]
        assert states[pk] in {last, *since}, (pk, last, since)


def test_restore_refuses_a_full_database_until_told_and_keeps_the_old_one(place):
    with place.writing("maja") as maja:
        wait_until(lambda: len(done(maja())) >= 10)
    file, earlier = place.backup(), place.standing()
    with place.writing("jonas") as jonas:
        wait_until(lambda: len(done(jonas())) >= 10)
    later = place.standing()
    assert later != earlier

    code, _, err = place.said("restore", str(file))
    assert (code, "not empty. --replace puts" in err) == (1, True)
    assert place.standing() == later

    assert "is kept as" in place.run("restore", str(file), "--replace")
    assert place.standing() == earlier
    ours, kept = sorted(place.databases(), key=len)
    assert "before" in kept
    if settings.EMBEDDED:
        shutil.copy(place.file.with_name(kept), place.file)
    else:
        place.ask(f'DROP DATABASE "{ours}"')
        place.ask(f'ALTER DATABASE "{kept}" RENAME TO "{ours}"')
    assert place.standing() == later


def altered(file, change):
    """A copy of a backup with one member changed; its checksums fail unless `change` sets them."""
    folder = file.parent / secrets.token_hex(4)
    folder.mkdir()
    with tarfile.open(file) as tar:
        tar.extractall(folder, filter="data")
    change(folder)
    copy = folder / file.name
    with tarfile.open(copy, "w:gz") as tar:
        for path in folder.iterdir():
            if path != copy:
                tar.add(path, path.name)
    return copy


def mend(folder):
    contents = json.loads((folder / archive.CONTENTS).read_text())
    contents["sha256"] = {name: archive.digest(folder / name) for name in contents["sha256"]}
    (folder / archive.CONTENTS).write_text(json.dumps(contents))


def flip(folder):
    (member,) = folder.glob("database.*")
    data = bytearray(member.read_bytes())
    data[len(data) // 2] ^= 0xFF
    member.write_bytes(bytes(data))


def cut_short(folder):
    (member,) = folder.glob("database.*")
    member.write_bytes(member.read_bytes()[: member.stat().st_size // 2])
    mend(folder)


def of_elsewhere(folder):
    contents = json.loads((folder / archive.CONTENTS).read_text())
    contents["database"] = "Elsewhere"
    (folder / archive.CONTENTS).write_text(json.dumps(contents))


def test_restore_of_a_bad_backup_changes_nothing(place, tmp_path):
    with place.writing("maja") as maja:
        wait_until(lambda: len(done(maja())) >= 10)
    file, standing, databases = place.backup(), place.standing(), place.databases()
    torn = tmp_path / file.name
    torn.write_bytes(file.read_bytes()[:-2000])
    refusals = {
        torn: "is not a whole backup",
        altered(file, flip): "the checksum of database",
        altered(file, cut_short): "",  # SQLite and pg_restore each say it in their own words
        altered(file, of_elsewhere): "is a backup of Elsewhere",
    }
    for bad, words in refusals.items():
        code, _, err = place.said("restore", str(bad), "--replace")
        assert (code, words in err, "Traceback" in err) == (1, True, False), err
    assert (place.standing(), place.databases()) == (standing, databases)


@pytest.mark.parametrize(
    "content",
    [b"", b"Dear all", gzip.compress(b"Dear all")],
    ids=["empty", "letters", "packed letters"],
)
def test_file_that_is_no_archive_is_refused(tmp_path, content):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(Refused, match="bad_backup"):
        archive.unpack(tmp_path / "file", tmp_path)


@pytest.mark.once(on="postgresql")
def test_restore_of_a_backup_that_breaks_a_promise_changes_nothing_until_told(place):
    with place.writing("maja") as maja:
        wait_until(lambda: len(done(maja())) >= 10)
    place.sql("UPDATE events_event SET pending_count = 77")
    file, databases = place.backup(), place.databases()

    code, _, err = place.said("restore", str(file), "--replace")
    assert (code, "counters_match_recount" in err, "breaks 1 promises" in err) == (
        1,
        True,
        True,
    ), err
    assert place.databases() == databases

    assert "1 invariants are broken" in place.run(
        "restore", str(file), "--replace", "--accept-violations"
    )


def test_restore_brings_an_older_backup_up_to_date_and_refuses_a_newer_one(place):
    place.run("migrate", "--verbosity=0", "eventflow", "0002")
    older = place.backup()
    place.run("restore", str(older))
    assert ("0003_farewell",) in place.sql(
        "SELECT name FROM django_migrations WHERE app = 'eventflow'"
    )

    place.sql(
        "INSERT INTO django_migrations (app, name, applied) VALUES ('events', '9999_later', "
        "CURRENT_TIMESTAMP)"
    )
    newer = place.backup()
    code, _, err = place.said("restore", str(newer))
    assert (code, "newer EventFlow (it knows events.9999_later" in err) == (1, True), err


@pytest.mark.once
def test_backup_is_the_owners_alone_and_keeps_as_many_as_told(place):
    made = [place.backup() for _ in range(2)]
    stranger = made[0].parent / "eventflow-notes.txt"
    stranger.write_text("not a backup")
    made[1].chmod(0o644)
    made.append(place.backup("--keep", "2"))
    assert sorted(made[0].parent.iterdir()) == [*made[1:], stranger]
    assert {stat.S_IMODE(path.stat().st_mode) for path in made[1:]} == {0o600}
    code, _, err = place.said("backup", str(made[0].parent), "--keep", "0")
    assert (code, "1 or more" in err) == (1, True)
    assert sorted(made[0].parent.iterdir()) == [*made[1:], stranger]


def test_backup_shows_no_password_to_other_users_of_the_machine(place):
    if settings.EMBEDDED:
        pytest.skip("SQLite has no password")
    seen = set[str]()
    with place.own_role() as (env, password):
        # A lock that pg_dump waits for, so that there is time to look.
        with psycopg.connect(place.env["DATABASE_URL"]) as holding:
            holding.execute("LOCK TABLE events_event IN ACCESS EXCLUSIVE MODE")
            process = forked.Process(command("backup", str(place.folder)), env=env, cwd=ROOT)
            wait_until(lambda: look_for("pg_dump", seen))
            holding.rollback()
        assert process.wait(timeout=60) == 0
    assert any("--format=custom" in line for line in seen)
    assert not any(password in line for line in seen)


def look_for(program, seen):
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            seen.add(path.read_text().replace("\0", " "))
        except OSError:
            continue
    return any(re.search(rf"{program} ", line) for line in seen)


@pytest.mark.once
def test_backup_that_cannot_be_made_leaves_nothing_and_says_why(place):
    folder = place.folder / "backups"
    folder.mkdir()
    place.destroy()
    code, out, err = place.said("backup", str(folder))
    assert (code, out, "Traceback" in err) == (1, "", False)
    assert ("There is no database at" if settings.EMBEDDED else "does not exist") in err
    assert list(folder.iterdir()) == []


@pytest.mark.once
def test_unfinished_backups_are_cleared_away_a_day_later(place):
    folder = place.backup().parent
    old, new = folder / f"{archive.UNFINISHED}old", folder / f"{archive.UNFINISHED}new"
    for left in (old, new):
        left.mkdir()
        (left / "archive").write_text("half")
    os.utime(old, (time.time() - 2 * 86_400,) * 2)
    place.backup()
    assert (old.exists(), new.exists()) == (False, True)


@pytest.mark.once  # SQLite's own
def test_trials_secret_comes_back_and_a_running_trial_is_not_replaced(place):
    """What an operator types."""
    secret = place.file.with_name("secret-key")
    file = place.type("bin/backup", str(place.folder / "backups")).strip()
    text = secret.read_text()
    place.destroy()
    place.type("bin/restore", file)
    assert (secret.read_text(), stat.S_IMODE(secret.stat().st_mode)) == (text, 0o600)
    with closing(sqlite3.connect(place.file)) as somebody:
        # As every connection of ours begins; the lock comes with the first question.
        somebody.execute("PRAGMA journal_mode=WAL").fetchone()
        somebody.execute("SELECT count(*) FROM accounts_user").fetchone()
        code, _, err = place.said("restore", file, "--replace")
        assert (code, "Stop EventFlow, web and worker" in err) == (1, True)
