"""Searching text the way people type it: words in any order, whatever the case, letters like Ł included."""

import re

from django.db.models import Q


def any_word(text: str, *fields: str) -> Q:
    """The condition that at least one word of `text` stands in one of `fields`."""
    condition = Q()
    for word in text.split():
        condition |= every_word(word, *fields)
    return condition


def every_word(text: str, *fields: str) -> Q:
    """The condition that each word of `text` stands in at least one of `fields`. No words: no condition.

    A regular expression of the escaped word, because SQLite's LIKE knows the case of A to Z only.
    """
    condition = Q()
    for word in text.split():
        anywhere = Q()
        for field in fields:
            anywhere |= Q(**{f"{field}__iregex": re.escape(word)})
        condition &= anywhere
    return condition
