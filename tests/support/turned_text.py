"""Finds text of people that turns the text around it, or is turned by it."""

import re

from lxml.html import HtmlElement

HEBREW = "קרוא"
# Right to left, an override that is never closed, and the end of an isolate that would close ours.
TURNING = f"{HEBREW}\u2069\u202e"
CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")
ISOLATED = re.compile(
    f"\u2068[^\u2066-\u2069\u202a-\u202e]*{HEBREW}[^\u2066-\u2069\u202a-\u202e]*\u2069"
)
# The only Latin letter of tests.support.hard_texts.SURROUNDING.
HARD_TAG = re.compile("</?b>")
# Where no person sees it: addresses, what is sent back, what programs read.
UNSEEN = {"href", "src", "value", "action", "formaction", "content", "hx-get", "hx-post", "hx-vals"}


def turned(page: HtmlElement) -> list[str]:
    """Every place of a page where text of people could turn the text around it, or be turned.

    Scripts, styles and comments are taken out of the page.
    """
    for silent in page.xpath("//script | //style | //comment()"):
        silent.drop_tree()
    texts = [text for text in page.xpath("//text()") if HEBREW in text and not stands_alone(text)]
    said = [
        f"{value.attrname}={value}"
        for value in page.xpath("//@*")
        if HEBREW in value
        and value.attrname not in UNSEEN
        and (not ISOLATED.search(value) or "\u202e" in value)
    ]
    return [*texts, *said]


def stands_alone(text) -> bool:
    """Whether the element that sets the direction holds this text alone, or it is isolated."""
    element = text.getparent() if not text.is_tail else text.getparent().getparent()
    while element is not None and element.tag != "bdi" and element.get("dir") != "auto":
        element = element.getparent()
    if element is None:
        return bool(ISOLATED.search(text)) and "\u202e" not in text
    inline = element.tag == "bdi"
    words = "".join(element.itertext())
    ours = re.search(r"[A-Za-z]", HARD_TAG.sub("", words))
    return not (inline and CONTROLS.search(words)) and not ours
