"""Checks of a whole page: its text without tokens, its policy, and code that the policy forbids."""

import re
from html.parser import HTMLParser

from django.http import HttpResponse


def without_tokens(text: str) -> str:
    """The text without CSRF tokens, which differ every time."""
    return re.sub(r"\b[A-Za-z0-9]{64}\b", "", text)


class InlineCodeFinder(HTMLParser):
    """Collects what a strict Content-Security-Policy forbids, and code that htmx evaluates."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in names):
            self.found.append(f"<{tag}>")
        # A browser loads neither a link that is data nor the page's own address.
        is_data = tag == "link" and ("itemprop" in names or names.get("rel") == "canonical")
        loaded = () if tag == "a" or is_data else ("src", "href")
        for name, value in attrs:
            if is_code(name, value or "") or (name in loaded and is_elsewhere(value or "")):
                self.found.append(f"<{tag} {name}={value}>")


def is_code(name: str, value: str) -> bool:
    """Whether the attribute holds code or style: of the browser's, or of htmx's filters."""
    if name == "style" or name.startswith(("on", "hx-on", "data-hx-on")):
        return True
    return value.lower().startswith("javascript:") or (name == "hx-trigger" and "[" in value)


def is_elsewhere(address: str) -> bool:
    """Whether the address names a host."""
    return bool(re.match(r"(https?:)?//", address))


def inline_code_in(response: HttpResponse) -> list[str]:
    """The tags with inline code, or with resources of other hosts, in this page."""
    parser = InlineCodeFinder()
    parser.feed(response.text)
    return parser.found


def policy_of(response: HttpResponse) -> dict[str, str]:
    """Return {directive: sources} of the answer's Content-Security-Policy."""
    parts = response["Content-Security-Policy"].split(";")
    directives = (part.strip().partition(" ") for part in parts)
    return {name: sources for name, _, sources in directives}
