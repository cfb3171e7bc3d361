"""Reading an answer's HTML the way a browser does, so that tests speak of elements and words, not of strings."""

from django.http import HttpResponse
from lxml import html
from lxml.html import HtmlElement


def tree(response: HttpResponse) -> HtmlElement:
    """The answer as a tree; a fragment is wrapped."""
    return html.fromstring(
        f"<body>{response.text}</body>" if "<html" not in response.text else response.text
    )


def words(element: HtmlElement) -> str:
    """The text that somebody reads, with single spaces, also between elements; a `<bdi>` or `<wbr>` is part of its word."""
    return " ".join(spaced(element).split())


def spaced(element: HtmlElement) -> str:
    space = "" if element.tag in {"bdi", "wbr"} else " "
    inner = (spaced(child) * isinstance(child.tag, str) + (child.tail or "") for child in element)
    return f"{space}{element.text or ''}{''.join(inner)}{space}"


def all_words(response: HttpResponse, path: str) -> list[str]:
    """The text of each element at this XPath, in the order of the page."""
    return [words(element) for element in tree(response).xpath(path)]


def only(response: HttpResponse, path: str) -> HtmlElement:
    """The one element at this XPath."""
    found = tree(response).xpath(path)
    assert len(found) == 1, f"{len(found)} elements at {path}"
    return found[0]


def has_class(name: str) -> str:
    """The XPath condition that an element has this class."""
    return f"contains(concat(' ', normalize-space(@class), ' '), ' {name} ')"
