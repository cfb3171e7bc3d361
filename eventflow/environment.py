"""Settings from the environment: from a file `.env`, and secrets also from files, as Docker and Kubernetes hand them over.

Whatever is wrong with a value is said in one sentence that names its variable (ImproperlyConfigured).
"""

import builtins
import re
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

ASSIGNMENT = re.compile(r"(?:export )?([A-Za-z_][A-Za-z0-9_]*)=(.*)")
YES, NO = {"true", "yes", "y", "on", "ok", "1"}, {"false", "no", "n", "off", "0"}
# What other programs take from the same file: Docker Compose, the scripts in bin/, Django's own commands.
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
# Settings of earlier versions and of other programs like this one. Nothing here reads them, wherever they were set.
FORMER = {
    "ENABLE_SECURE_HEADERS",
    "LOG_JSON",
    "SECRET_KEY",
}
# Families of ours, in which an unknown name is a mistyped one.
FAMILIES = ("SECURE_", "SESSION_COOKIE_", "CSRF_", "CORS_", "EMAIL_", "SENTRY_")


class Environment(environ.Env):
    """django-environ, that finds NAME also in the file that NAME_FILE names, and takes a blank value for none."""

    def __init__(self) -> None:
        super().__init__()
        self.asked_for: set[str] = set()
        self.in_file: set[str] = set()

    def get_value(self, var: str, *args: Any, **kwargs: Any) -> Any:
        self.asked_for.add(var)
        path = self.ENVIRON.get(f"{var}_FILE", "")
        if not path:
            return super().get_value(var, *args, **kwargs)
        if self.ENVIRON.get(var, ""):
            raise ImproperlyConfigured(
                f"{var} and {var}_FILE are both set, and one of them must be wrong: keep the one you mean."
            )
        there = environ.Env()
        there.ENVIRON = {var: text_of(path, var)}
        # A secret may begin with a dollar, which otherwise names another variable.
        there.escape_proxy = True
        return there.get_value(var, *args, **kwargs)

    def bool(self, var: str, default: Any = False) -> builtins.bool:
        """Yes or no. A word that is neither is refused: who mistypes `False` does not mean it."""
        word = self.str(var, default="").strip().lower()
        if not word:
            return bool(default)
        if word not in YES | NO:
            raise ImproperlyConfigured(f"{var} is True or False.")
        return word in YES

    def int(self, var: str, default: Any = None, *, at_least: Any = 0) -> builtins.int:
        return self.number(var, default, of=int, called="a whole number", at_least=at_least)

    def float(self, var: str, default: Any = None, *, at_least: Any = 0) -> builtins.float:
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
        """Take what this file sets and the environment does not; nothing, where there is no file."""
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
        """Names that somebody set and nothing here reads, once every setting has been read."""
        known = self.asked_for | {f"{name}_FILE" for name in self.asked_for} | OTHERS
        former = {name for name in self.ENVIRON if is_former_or_mistyped(name)}
        in_file = {name for name in self.in_file if not name.startswith(OTHERS_BEGIN_WITH)}
        return sorted((former | in_file) - known)


def is_former_or_mistyped(name: str) -> bool:
    return name in FORMER or name.startswith(FAMILIES)


def name_set_by(line: str, *, where: str) -> str:
    """The variable that a line sets; empty for a blank line or a comment. Refused: any other line."""
    if not line or line.startswith("#"):
        return ""
    found = ASSIGNMENT.fullmatch(line)
    if not found:
        raise ImproperlyConfigured(f"{where} is no NAME=value and no comment.")
    name, value = found.groups()
    if value[:1] in {'"', "'"} and (len(value) == 1 or value[-1] != value[0]):
        raise ImproperlyConfigured(f"{where}: the value of {name} has no closing quotation mark.")
    return name


def text_of(path: str, var: str) -> str:
    """What the file holds, without the line's end that editors add."""
    try:
        text = Path(path).read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{var}_FILE={path} can't be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ImproperlyConfigured(f"{var}_FILE={path} is not a text file.") from error
    if not text:
        raise ImproperlyConfigured(f"{var}_FILE={path} is empty.")
    return f"\\{text}" if text.startswith("$") else text
