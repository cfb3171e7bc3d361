"""Search as people type: words in any order, without regard to case, marks and punctuation.

Pages, API, check-in and admin all search by it. The searched fields are FoldedFields, e-mail
addresses and codes.
"""

from collections.abc import Iterable
from functools import reduce
from operator import and_, or_

from django.db.models import Q

from eventflow.core.text import email_key, fold

NOTHING = Q(pk__in=[])
# Characters. A longer text finds nothing: each of its words would be a condition, and SQLite takes
# 1,000 of them.
LONGEST = 200


def any_word(text: str, *fields: str) -> Q:
    """The condition that at least one word of `text` is in one of `fields`."""
    return (
        either(stands(typed, fields) for typed in text.split()) if len(text) <= LONGEST else NOTHING
    )


def every_word(text: str, *fields: str) -> Q:
    """The condition that each word of `text` is in at least one of `fields`.

    No text: no condition; signs alone, or more than LONGEST characters: nothing.
    """
    if len(text) > LONGEST:
        return NOTHING
    return reduce(and_, (stands(typed, fields) for typed in text.split()), Q())


def stands(typed: str, fields: Iterable[str]) -> Q:
    """The condition that one typed word is in `fields`: an address as a whole, a name in parts."""
    words = [fold(typed)] if "@" in typed else fold(typed).split()
    parts = reduce(
        and_, (either(contains(field, typed, word) for field in fields) for word in words), Q()
    )
    return parts if words and words[0] else either(contains(field, typed, "") for field in fields)


def contains(field: str, typed: str, word: str) -> Q:
    """The condition that a field contains the folded word, or a code or address what was typed.

    The beginning of an address, like `hanna@`, is looked up in addresses alone: folded it would be
    a name.
    """
    if field.endswith("_folded") and "@" in typed and " " not in word:
        return NOTHING
    if field.endswith("_folded"):
        return Q(**{f"{field}__contains": word}) if word else NOTHING
    if field.endswith("email"):
        return (
            Q(**{f"{field}__contains": email_key(typed) if "@" in typed else word})
            if word
            else NOTHING
        )
    return Q(**{f"{field}__icontains": typed})


def either(conditions: Iterable[Q]) -> Q:
    """The condition that one of these holds; nothing if there is none."""
    return reduce(or_, conditions, Q()) or NOTHING
