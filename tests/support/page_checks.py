"""Looking at a page as a whole: what two of them have in common, and what the browser would refuse to run."""

import re
from html.parser import HTMLParser

from django.http import HttpResponse


def without_tokens(text: str) -> str:
    """CSRF tokens differ every time."""
    return re.sub(r"\b[A-Za-z0-9]{64}\b", "", text)


class Inline(HTMLParser):
    """Collects what a strict Content-Security-Policy forbids, and what htmx would have to evaluate."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in names):
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            if (
                name == "style"
                or name.startswith(("on", "hx-on", "data-hx-on"))
                or (value or "").lower().startswith("javascript:")
            ):
                self.found.append(f"<{tag} {name}={value}>")
            if name == "hx-trigger" and "[" in (value or ""):
                self.found.append(f"<{tag} {name}={value}>")
            # A browser follows neither a link that is data nor the page's own address.
            is_data = tag == "link" and ("itemprop" in names or names.get("rel") == "canonical")
            if (
                name in {"src", "href"}
                and re.match(r"(https?:)?//", value or "")
                and tag != "a"
                and not is_data
            ):
                self.found.append(f"<{tag} {name}={value}>")


def inline_in(response: HttpResponse) -> list[str]:
    parser = Inline()
    parser.feed(response.text)
    return parser.found


def policy_of(response: HttpResponse) -> dict[str, str]:
    """The answer's Content-Security-Policy, {directive: sources}."""
    directives = (
        part.strip().partition(" ") for part in response["Content-Security-Policy"].split(";")
    )
    return {name: sources for name, _, sources in directives}
