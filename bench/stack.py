"""What is measured, on loopback and in one folder.

A PostgreSQL with its own settings, a Redis, a mail server, and EventFlow's processes.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import redis

from bench.processes import ROOT, Site

NOBODY = 65534
# Which process asked is answer by the name it connects with.
ROLES = ("web", "worker", "bench")
START_SECONDS = 60


class Stack:
    """PostgreSQL, Redis and a mail server inside of `with`. `folder` keeps the databases."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen[Any]] = []

    def __enter__(self) -> "Stack":
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        try:
            self.start_postgresql()
            self.start_redis()
            self.start_mail()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        for process in reversed(self.processes):
            # SIGINT ends PostgreSQL fast, with everything written; the others take it as well.
            process.send_signal(signal.SIGINT)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    # PostgreSQL

    def start_postgresql(self) -> None:
        """With its own settings: fsync is on. Only what counts the statements is added."""
        home, bin_folder = self.folder / "postgresql", postgresql_bin()
        self.postgresql_port = free_port()
        if not home.exists():
            home.mkdir()
            self.give_to_nobody(home)
            init = [
                bin_folder / "initdb",
                "--pgdata=data",
                "--username=bench",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
            ]
            self.run_as_nobody(init, home, check=True, stdout=subprocess.DEVNULL)
        options = {
            "port": self.postgresql_port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": home,
        }
        options["shared_preload_libraries"] = "pg_stat_statements"
        words = [f"-c{name}={value}" for name, value in options.items()]
        with (home / "log").open("a") as log:
            self.postgresql = subprocess.Popen(
                [bin_folder / "postgres", "-D", "data", *words],
                cwd=home,
                stdout=log,
                stderr=log,
                **self.nobody_options,
            )
        self.processes.append(self.postgresql)
        wait_until(lambda: port_answers(self.postgresql_port), "PostgreSQL", home / "log")
        wait_until(self.takes_connections, "PostgreSQL", home / "log")
        with self.connect("postgres") as connection:
            for role in ROLES:
                connection.execute(
                    f"DO $$ BEGIN CREATE ROLE {role} SUPERUSER LOGIN; "
                    "EXCEPTION WHEN duplicate_object THEN END $$"
                )

    def takes_connections(self) -> bool:
        try:
            self.connect("postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    @property
    def nobody_options(self) -> dict[str, Any]:
        """PostgreSQL refuses to run as root."""
        return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}

    def run_as_nobody(self, words: list[Any], folder: Path, **options: Any) -> None:
        subprocess.run(words, cwd=folder, **self.nobody_options, **options)

    def give_to_nobody(self, folder: Path) -> None:
        if os.geteuid() == 0:
            shutil.chown(folder, NOBODY, NOBODY)

    def url(self, database: str, role: str) -> str:
        return f"postgres://{role}@127.0.0.1:{self.postgresql_port}/{database}"

    def connect(self, database: str) -> "psycopg.Connection[Any]":
        return psycopg.connect(self.url(database, "bench"), autocommit=True)

    # Redis, mail

    def start_redis(self) -> None:
        self.redis_port = free_port()
        home = self.folder / "redis"
        home.mkdir(exist_ok=True)
        words = [
            "redis-server",
            "--bind",
            "127.0.0.1",
            "--port",
            str(self.redis_port),
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
            str(home),
        ]
        self.redis = subprocess.Popen(words, stdout=subprocess.DEVNULL)
        self.processes.append(self.redis)
        wait_until(lambda: port_answers(self.redis_port), "Redis", None)
        self.redis_url = f"redis://127.0.0.1:{self.redis_port}/0"
        redis.Redis.from_url(self.redis_url).flushall()

    def start_mail(self) -> None:
        """In a process of its own, so that its work is not counted."""
        self.mail_port, self.mail_folder = free_port(), self.folder / "mail"
        shutil.rmtree(self.mail_folder, ignore_errors=True)
        self.mail_folder.mkdir()
        self.mail = subprocess.Popen(
            [sys.executable, "-m", "bench.mail", str(self.mail_port), str(self.mail_folder)],
            cwd=ROOT,
        )
        self.processes.append(self.mail)
        wait_until(lambda: port_answers(self.mail_port), "The mail server", None)

    # EventFlow

    def environment(self, database: str, role: str, **extra: Any) -> dict[str, str]:
        """As in production, but with RATE_LIMITS=off, the documented switch for load tests."""
        ours = {
            "DJANGO_SETTINGS_MODULE": "bench.settings",
            "DATABASE_URL": self.url(database, role),
            "REDIS_URL": self.redis_url,
            "DATA_DIR": self.folder / "var",
            "DJANGO_SECRET_KEY": "only-for-the-bench-0123456789-0123456789-0123456789",
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": self.mail_port,
            "RATE_LIMITS": "off",
            # A developer's .env changes nothing here.
            "DEBUG": "False",
            "EMAIL_USE_TLS": "off",
            "EMAIL_HOST_USER": "",
            "EMAIL_HOST_PASSWORD": "",
            "LOG_LEVEL": "INFO",
        }
        known = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return known | {name: str(value) for name, value in (ours | extra).items()}

    def manage(self, database: str, *words: str) -> str:
        """The output of a management command."""
        command = [sys.executable, "manage.py", *words]
        return subprocess.run(
            command,
            cwd=ROOT,
            env=self.environment(database, "bench"),
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout

    @contextmanager
    def site(
        self, database: str, *, web: int = 2, worker: bool = True, settings: str = "", **env: Any
    ) -> Iterator[Site]:
        """EventFlow on this database: so many web processes, and a worker. Stopped at the end."""
        extra = {
            "WEB_PROCESSES": web,
            **({"DJANGO_SETTINGS_MODULE": settings} if settings else {}),
            **env,
        }
        site = Site(self, database)
        try:
            for _number in range(web):
                site.start_web(**extra)
            if worker:
                site.start_worker(**extra)
            yield site
        finally:
            site.stop()


def postgresql_bin() -> Path:
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[4])
    )
    if found:
        return found[-1].parent
    if on_path := shutil.which("postgres"):
        return Path(on_path).resolve().parent
    raise SystemExit(
        "There is no PostgreSQL here. On Debian and Ubuntu: apt-get install postgresql"
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def port_answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def wait_until(condition: Any, what: str, log: Path | None) -> None:
    until = time.monotonic() + START_SECONDS
    while not condition():
        if time.monotonic() > until:
            raise SystemExit(f"{what} did not start. {log.read_text() if log else ''}")
        time.sleep(0.05)
