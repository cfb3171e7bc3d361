"""`Refused`, the one error of the rules, and the envelope in which the API answers errors."""

from typing import Any

from django.utils.translation import gettext_lazy as _

# Messages that both pages and the API give, outside of any rule.
BUSY = _("Very many people are here right now. Try again in a few seconds.")
SERVER_ERROR = _("Something went wrong here. It is logged, with the X-Request-ID of this answer.")
UNAVAILABLE = _(
    "We can’t reach our records just now. What was confirmed is safe. Try again in a few seconds."
)


class Refused(Exception):
    """A rule refused a request.

    `code` is for machines: stable, snake_case, never translated. `message` is for people: one
    sentence that says what is wrong and, where it helps, what to do. `field` names the form field
    that it is about, if any. `wait` is after how many seconds to try again; 0: not known.
    """

    def __init__(self, code: str, message: str, *, field: str = "", wait: int = 0) -> None:
        super().__init__(code)
        self.code = code
        self.message = str(message)
        self.field = field
        self.wait = wait


def is_api(path: str) -> bool:
    """Whether errors at this path are answered with the envelope, and not with a page."""
    return path.startswith("/api/")


def envelope(code: str, message: Any, errors: dict[str, list[str]] | None = None) -> dict[str, Any]:
    """The JSON body of a refusal: its one definition. `message` may be a lazy translation."""
    text = str(message)
    return {
        "success": False,
        "message": text,
        "detail": text,
        "code": code,
        "errors": errors or {},
    }
