"""Finds English words that were left in a Polish page, mail or ticket.

Every Latin word there is Polish if one of the Polish catalogues has it: ours, Django's, allauth's.
The data of the tests is Greek, so no other Latin words are on a page. A word that a translation
shares with its English message counts as Polish only if it is in SHARED.
"""

import re
from collections.abc import Iterable
from functools import cache
from gettext import GNUTranslations
from pathlib import Path

import allauth
import django
from django.conf import settings
from lxml.html import HtmlElement

from eventflow.mail import Letter
from tests.support.markup import tree_of

# Words that are both Polish and English, and names.
SHARED = {
    "EventFlow",
    "QR",
    "PDF",
    "CSV",
    "XLSX",
    "HTML",
    "EMAIL",
    "HOST",
    "Menu",
    "Weekend",
    "Parking",
    "PIN",
    "My",
    "Role",
    "role",
    "program",
    "link",
    "mail",
    "To",
    "to",
    "do",
    "go",
    "same",
    "Polski",
}
# Addresses, time zones, the codes of tickets, what a script puts something else for, and the
# secret of an app.
NO_WORDS = re.compile(
    r"\{[a-z-]+\}|\S+@\S+|\S+/\S*|\b[0-9A-Z]{4}[-‑][0-9A-Z]{4}\b|^(?:[A-Z2-7]{4} ?){4,}$"
)
LATIN_WORD = re.compile(r"\b[A-Za-z][^\W\d_]+")
PLACEHOLDER = re.compile(r"%\(\w+\)s?|\{\w*\}|<[^>]*>")
SPOKEN = ["aria-label", "aria-description", "placeholder", "title", "alt", "label"]
CATALOGUES = "locale/pl/LC_MESSAGES/django.mo"


class Catalogue(GNUTranslations):
    """The messages that the standard library has read; it shows them in no other way."""

    _catalog: dict[str | tuple[str, int], str]


@cache
def polish_words() -> frozenset[str]:
    """Every word, in lower case, of a Polish translation that its English message has not."""
    ours = settings.BASE_DIR / CATALOGUES
    libraries = [Path(django.__path__[0]), Path(allauth.__path__[0])]
    theirs = [path for library in libraries for path in library.rglob(CATALOGUES)]
    found: set[str] = set()
    for path in [ours, *theirs]:
        with path.open("rb") as file:
            messages = Catalogue(file)._catalog
        for key, text in messages.items():
            english = key if isinstance(key, str) else key[0]
            if english:  # the empty one is the header
                words = LATIN_WORD.findall(PLACEHOLDER.sub(" ", text))
                found |= {*words} - {*LATIN_WORD.findall(english)}
    return frozenset(word.lower() for word in found)


def left_in_english(texts: Iterable[str]) -> list[str]:
    """The words of these texts that no Polish catalogue has."""
    words = {word for text in texts for word in LATIN_WORD.findall(NO_WORDS.sub(" ", text))}
    return sorted(word for word in words - SHARED if word.lower() not in polish_words())


def left_in_page(markup: str) -> list[str]:
    return left_in_english(texts_of_page(tree_of(markup)))


def left_in_letter(letter: Letter) -> list[str]:
    page = texts_of_page(tree_of(letter.html))
    return left_in_english([letter.subject, *letter.text.splitlines(), *page])


def texts_of_page(page: HtmlElement) -> list[str]:
    """Every text that somebody sees or hears, also those that a script will show.

    What nobody does is taken out of the page.
    """
    for silent in page.xpath(
        "//script | //style | //*[@lang and not(self::html)] | //select[@name='time_zone' or "
        "@name='language']"
    ):
        silent.drop_tree()
    for place_to_break in page.xpath("//wbr"):
        place_to_break.drop_tag()
    spoken = [value for name in SPOKEN for value in page.xpath(f"//@{name}")]
    # What a script will put on the page stands in data attributes: a value with a space is words.
    kept = [
        value
        for value in page.xpath("//@*[starts-with(name(), 'data-')]")
        if " " in value.strip() and not value.startswith('{"')
    ]
    return [*page.xpath("//text()"), *spoken, *kept]
