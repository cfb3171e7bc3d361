"""Reads settings from the environment, from a file `.env`, and secrets from files of their own.

Docker and Kubernetes hand secrets over as files. A value that is wrong raises ImproperlyConfigured
with one sentence that names its variable.
"""

import builtins
import re
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured
from environ.fileaware_mapping import FileAwareMapping

ASSIGNMENT = re.compile(r"(?:export )?([A-Za-z_][A-Za-z0-9_]*)=(.*)")
YES, NO = {"true", "yes", "y", "on", "ok", "1"}, {"false", "no", "n", "off", "0"}
# What other programs read from the same file: Docker Compose, the scripts in bin/, Django itself.
OTHERS = {
    "BACKENDS",
    "BACKEND_CPUS",
    "BACKEND_MEMORY",
    "BACKEND_PIDS",
    "BACKUPS_KEPT",
    "BACKUP_EVERY_SECONDS",
    "BUILD_TARGET",
    "DB_CPUS",
    "DB_MEMORY",
    "DOMAIN",
    "FRONT_SUBNET",
    "MAILPIT_PORT",
    "POSTGRES_PASSWORD",
    "PYTHON",
    "ROLLOUT_SECONDS",
    "TMP_SIZE",
}
OTHERS_BEGIN_WITH = ("COMPOSE_", "DOCKER_", "DJANGO_SUPERUSER_", "PYTHON")
# Settings of earlier versions and of similar programs. Nothing reads them, wherever they are set.
FORMER = {
    "ENABLE_SECURE_HEADERS",
    "LOG_JSON",
    "SECRET_KEY",
}
# An unknown name that begins like these is a mistyped one.
FAMILIES = ("SECURE_", "SESSION_COOKIE_", "CSRF_", "CORS_", "EMAIL_", "SENTRY_")


class SecretFiles(FileAwareMapping):
    """Environment variables, each also in the file that NAME_FILE names.

    The library reads the file. Here a mistake is told in one sentence that names its variable, and
    the line's end that editors add is no part of a secret.
    """

    def __getitem__(self, name: builtins.str) -> builtins.str:
        path = self.env.get(f"{name}_FILE", "")
        if not path:
            return self.env[name]
        if self.env.get(name, ""):
            raise ImproperlyConfigured(
                f"{name} and {name}_FILE are both set, and one of them must be wrong: "
                "keep the one you mean."
            )
        try:
            text = super().__getitem__(name).strip()
        except OSError as error:
            raise ImproperlyConfigured(
                f"{name}_FILE={path} can't be read: {error.strerror}."
            ) from error
        except UnicodeDecodeError as error:
            raise ImproperlyConfigured(f"{name}_FILE={path} is not a text file.") from error
        if not text:
            raise ImproperlyConfigured(f"{name}_FILE={path} is empty.")
        # A secret may begin with a dollar, which otherwise names another variable.
        return f"\\{text}" if text.startswith("$") else text


class Environment(environ.FileAwareEnv):
    """django-environ with checked numbers and booleans. A blank value is none.

    It notes which names are read, so that `unknown` can tell which are not.
    """

    ENVIRON = SecretFiles()

    def __init__(self) -> None:
        super().__init__()
        self.asked_for: set[str] = set()
        self.in_file: set[str] = set()

    def get_value(self, var: str, *args: Any, **kwargs: Any) -> Any:
        self.asked_for.add(var)
        self.escape_proxy = bool(self.ENVIRON.env.get(f"{var}_FILE", ""))
        return super().get_value(var, *args, **kwargs)

    def bool(self, var: str, default: Any = False) -> builtins.bool:
        """True or False, in the usual words. Refused: any other word, as a mistyped `False`."""
        word = self.str(var, default="").strip().lower()
        if not word:
            return bool(default)
        if word not in YES | NO:
            raise ImproperlyConfigured(f"{var} is True or False.")
        return word in YES

    def int(self, var: str, default: Any = None, *, at_least: Any = 0) -> builtins.int:
        """A whole number of at least `at_least`."""
        return self.number(var, default, of=int, called="a whole number", at_least=at_least)

    def float(self, var: str, default: Any = None, *, at_least: Any = 0) -> builtins.float:
        """A number of at least `at_least`."""
        return self.number(var, default, of=float, called="a number", at_least=at_least)

    def number(self, var: str, default: Any, *, of: Any, called: str, at_least: Any) -> Any:
        text = self.str(var, default="").strip()
        try:
            value = of(text) if text else default
        except ValueError as error:
            raise ImproperlyConfigured(f"{var} is {called}.") from error
        if not at_least <= value < 2**53:
            raise ImproperlyConfigured(f"{var} is {called}, at least {at_least}.")
        return value

    def read_file(self, path: Path) -> None:
        """Read the variables that this file sets and the environment does not, if it exists."""
        if not path.is_file():
            return
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ImproperlyConfigured(f"{path} can't be read as text.") from error
        for number, line in enumerate(text.splitlines(), start=1):
            if name := name_set_by(line.strip(), where=f"{path.name}, line {number}"):
                self.in_file.add(name)
        self.read_env(path)

    def unknown(self) -> builtins.list[builtins.str]:
        """The names that are set and not read. To be asked after every setting was read."""
        known = self.asked_for | {f"{name}_FILE" for name in self.asked_for} | OTHERS
        former = {name for name in self.ENVIRON.env if is_former_or_mistyped(name)}
        in_file = {name for name in self.in_file if not name.startswith(OTHERS_BEGIN_WITH)}
        return sorted((former | in_file) - known)


def is_former_or_mistyped(name: str) -> bool:
    return name in FORMER or name.startswith(FAMILIES)


def name_set_by(line: str, *, where: str) -> str:
    """The variable that a line sets; empty for a blank line or comment. Refused: any other line."""
    if not line or line.startswith("#"):
        return ""
    found = ASSIGNMENT.fullmatch(line)
    if not found:
        raise ImproperlyConfigured(f"{where} is no NAME=value and no comment.")
    name, value = found.groups()
    if value[:1] in {'"', "'"} and (len(value) == 1 or value[-1] != value[0]):
        raise ImproperlyConfigured(f"{where}: the value of {name} has no closing quotation mark.")
    return name
