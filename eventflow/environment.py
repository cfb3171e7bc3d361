"""Settings from the environment, and secrets also from files, which is how Docker and Kubernetes hand them over."""

from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured


class Environment(environ.Env):
    """django-environ, that finds NAME also in the file that NAME_FILE names."""

    def get_value(self, var: str, *args: Any, **kwargs: Any) -> Any:
        path = self.ENVIRON.get(f"{var}_FILE", "")
        if not path:
            return super().get_value(var, *args, **kwargs)
        if self.ENVIRON.get(var, ""):
            raise ImproperlyConfigured(f"{var} and {var}_FILE are both set, and one of them must be wrong: keep the one you mean.")
        there = environ.Env()
        there.ENVIRON = {var: text_of(path, var)}
        # A secret may begin with a dollar, which otherwise names another variable.
        there.escape_proxy = True
        return there.get_value(var, *args, **kwargs)


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
