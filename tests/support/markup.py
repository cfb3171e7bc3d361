"""Parses the HTML of an answer, so that tests look at elements and texts, not at strings."""

from typing import Protocol

from lxml import html
from lxml.html import HtmlElement


class Page(Protocol):
    """What has a text: an answer of the test client or of a view."""

    @property
    def text(self) -> str: ...


def tree(response: Page) -> HtmlElement:
    """The answer's root element; a fragment is wrapped in a body."""
    return tree_of(response.text)


def tree_of(text: str) -> HtmlElement:
    """The root element of this HTML; a fragment is wrapped in a body."""
    return html.fromstring(text if "<html" in text else f"<body>{text}</body>")


def words(element: HtmlElement) -> str:
    """The element's text with single spaces.

    Elements are separated by a space, except `<bdi>` and `<wbr>`, which are parts of a word.
    """
    return " ".join(spaced(element).split())


def spaced(element: HtmlElement) -> str:
    """The element's text with a space around each element that is not part of a word."""
    space = "" if element.tag in {"bdi", "wbr"} else " "
    inner = (spaced(child) * isinstance(child.tag, str) + (child.tail or "") for child in element)
    return f"{space}{element.text or ''}{''.join(inner)}{space}"


def all_words(response: Page, path: str) -> list[str]:
    """The text of each element at this XPath, in the order of the page."""
    return [words(element) for element in tree(response).xpath(path)]


def only(response: Page, path: str) -> HtmlElement:
    """The one element at this XPath."""
    found = tree(response).xpath(path)
    assert len(found) == 1, f"{len(found)} elements at {path}"
    return found[0]


def has_class(name: str) -> str:
    """The XPath condition that an element has this class."""
    return f"contains(concat(' ', normalize-space(@class), ' '), ' {name} ')"
