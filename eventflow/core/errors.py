"""`Refused`, the one error of the rules, and the shape in which the API answers it."""

from typing import Any


class Refused(Exception):
    """A rule said no.

    `code` is for machines: stable, snake_case, never translated. `message` is for people: one sentence that says what
    is wrong and, where it helps, what to do. `field` names the field it is about, if it is about one; `wait` says after
    how many seconds it is worth another try.
    """

    def __init__(self, code: str, message: str, *, field: str = "", wait: int = 0) -> None:
        super().__init__(code)
        self.code = code
        self.message = str(message)
        self.field = field
        self.wait = wait


def is_api(path: str) -> bool:
    """Whether machines are answered here, with the envelope, and not people, with a page."""
    return path.startswith("/api/")


def envelope(code: str, message: Any, errors: dict[str, list[str]] | None = None) -> dict[str, Any]:
    """A refusal as the API says it; the one place of its shape. `message` may be a lazy translation."""
    words = str(message)
    return {
        "success": False,
        "message": words,
        "detail": words,
        "code": code,
        "errors": errors or {},
    }
