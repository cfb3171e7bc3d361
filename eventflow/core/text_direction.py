"""The direction of text: what somebody wrote never turns the words around it.

Ground floor: imports nothing of EventFlow. Pages isolate with `<bdi>` and `dir="auto"` (templatetags/design.py), which knows
these functions; plain text, such as subjects, toasts and attributes, with the characters that Unicode has for it.
"""

from unicodedata import bidirectional

# Embeddings, overrides and isolates: invisible, and they turn what follows until they are closed.
CONTROLS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
RIGHT_TO_LEFT = {"R", "AL", "AN"}
FIRST_STRONG_ISOLATE, POP_DIRECTIONAL_ISOLATE = "\u2068", "\u2069"


def without_controls(text: str) -> str:
    """The text without the invisible characters that turn what comes after them; its letters keep their own direction."""
    return text if text.isascii() else text.translate(CONTROLS)


def runs_right_to_left(text: str) -> bool:
    """Whether any of it is written from right to left."""
    return not text.isascii() and any(bidirectional(letter) in RIGHT_TO_LEFT for letter in text)


def isolated(text: object) -> str:
    """What somebody wrote, for the middle of a plain sentence: the words before and after it stay where they are.

    Text that runs from left to right throughout comes back as it is, so most sentences hold no invisible characters.
    """
    words = without_controls(str(text))
    return (
        f"{FIRST_STRONG_ISOLATE}{words}{POP_DIRECTIONAL_ISOLATE}"
        if runs_right_to_left(words)
        else words
    )
