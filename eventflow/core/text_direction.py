"""Isolates text of people, so that its direction never turns the words around it.

Pages isolate with `<bdi>` and `dir="auto"` (eventflow/templatetags/design.py); plain text, such as
subjects, toasts and attributes, with the control characters of Unicode.
"""

from unicodedata import bidirectional

# Embeddings, overrides and isolates: invisible characters that turn what follows until they end.
CONTROLS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
RIGHT_TO_LEFT = {"R", "AL", "AN"}
FIRST_STRONG_ISOLATE, POP_DIRECTIONAL_ISOLATE = "\u2068", "\u2069"


def without_controls(text: str) -> str:
    """The text without control characters of direction; its letters keep their own direction."""
    return text if text.isascii() else text.translate(CONTROLS)


def runs_right_to_left(text: str) -> bool:
    """Whether any letter of the text is written from right to left."""
    return not text.isascii() and any(bidirectional(letter) in RIGHT_TO_LEFT for letter in text)


def isolated(text: object) -> str:
    """The text isolated for the middle of a plain sentence.

    Text that runs from left to right throughout comes back without any control character.
    """
    words = without_controls(str(text))
    return (
        f"{FIRST_STRONG_ISOLATE}{words}{POP_DIRECTIONAL_ISOLATE}"
        if runs_right_to_left(words)
        else words
    )
