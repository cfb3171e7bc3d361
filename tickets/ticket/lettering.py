"""Which font prints which letters in the PDF, and what is printed for letters that no font has.

No letter is printed as an empty box. Signs that no font has, such as emoji, are left out; a letter
is replaced by its base letter; a word that still has letters without a font is left out whole.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby
from pathlib import Path

from reportlab.pdfbase.ttfonts import TTFontFile

from eventflow.core.text_direction import without_controls

FOLDER = Path(__file__).parent / "fonts"
# No language puts more marks on one letter.
MOST_MARKS = 4
SPACES = re.compile(r"\s+")
# Characters between the letters of a word that decide the form of their neighbours.
JOINERS = "\u200c\u200d"
# The first of the characters that flags are made of: a flag is printed as its two letters.
FLAG_A = 0x1F1E6
HYPHENS = dict.fromkeys([0x2010, 0x2011], "-")


@dataclass(frozen=True)
class Face:
    """One of our fonts.

    `blocks`: the Unicode blocks of its letters; none for the two that are tried first for any text.
    """

    family: str
    regular: str
    bold: str = ""
    blocks: tuple[range, ...] = ()
    is_shaped: bool = False

    @property
    def mark(self) -> str:
        """The CSS class of text in this font."""
        return self.family.lower().replace(" ", "-")

    def has(self, text: str) -> bool:
        return letters_of(self).issuperset(map(ord, text))


def shaped(script: str, *blocks: range) -> Face:
    return Face(f"Noto Sans {script}", f"NotoSans{script}-Bold.ttf", blocks=blocks, is_shaped=True)


OWN = Face("Instrument Sans", "InstrumentSans-Regular.ttf", "InstrumentSans-Bold.ttf")
FACES = (
    OWN,
    Face("DejaVu Sans", "DejaVuSans-Regular.ttf", "DejaVuSans-Bold.ttf"),
    shaped("Devanagari", range(0x900, 0x980), range(0x1CD0, 0x1D00), range(0xA8E0, 0xA900)),
    shaped("Bengali", range(0x980, 0xA00)),
    shaped("Gurmukhi", range(0xA00, 0xA80)),
    shaped("Gujarati", range(0xA80, 0xB00)),
    shaped("Oriya", range(0xB00, 0xB80)),
    shaped("Tamil", range(0xB80, 0xC00)),
    shaped("Telugu", range(0xC00, 0xC80)),
    shaped("Kannada", range(0xC80, 0xD00)),
    shaped("Malayalam", range(0xD00, 0xD80)),
    shaped("Sinhala", range(0xD80, 0xE00)),
    shaped("Thai", range(0xE00, 0xE80)),
    shaped("Lao", range(0xE80, 0xF00)),
    shaped("Myanmar", range(0x1000, 0x10A0), range(0xA9E0, 0xAA00), range(0xAA60, 0xAA80)),
    shaped("Ethiopic", range(0x1200, 0x13A0), range(0x2D80, 0x2DE0), range(0xAB00, 0xAB30)),
    shaped("Khmer", range(0x1780, 0x1800), range(0x19E0, 0x1A00)),
    Face(
        "Droid Sans Fallback",
        "DroidSansFallback.ttf",
        blocks=(range(0x1100, 0x1200), range(0x2E80, 0x10000)),
    ),
)


@cache
def letters_of(face: Face) -> frozenset[int]:
    return frozenset(TTFontFile(str(FOLDER / face.regular)).charToGlyph)


def runs(text: str) -> Iterator[tuple[Face, str]]:
    """Split a text from `readable` into runs of one font each.

    A word is in one font if one font has all its letters, with the space after it; a number or a
    sign is in the font of the text before it.
    """
    pieces: list[tuple[Face, str]] = []
    for word in re.findall(r"\S+\s*|\s+", text):
        stays = pieces and not any(letter.isalpha() for letter in word) and pieces[-1][0].has(word)
        pieces += [(pieces[-1][0], word)] if stays else faces_of(word)
    for face, run in groupby(pieces, key=lambda piece: piece[0]):
        yield face, "".join(piece for _, piece in run)


def faces_of(word: str) -> list[tuple[Face, str]]:
    if face := face_of(word):
        return [(face, word)]
    return [(face_of(cluster) or OWN, cluster) for cluster in clusters(word)]


@lru_cache(maxsize=2_000)
def face_of(text: str) -> Face | None:
    """Return the first font that has all letters of the text."""
    codes = [ord(letter) for letter in text]
    return next((face for face in FACES if may_have(face, codes) and face.has(text)), None)


def may_have(face: Face, codes: list[int]) -> bool:
    """Whether the font can have one of these characters, so that its file has to be read."""
    return not face.blocks or any(code in block for block in face.blocks for code in codes)


def clusters(word: str) -> list[str]:
    """Split the word into letters, each together with its marks."""
    found: list[str] = []
    for letter in word:
        if found and (unicodedata.category(letter).startswith("M") or letter in JOINERS):
            found[-1] += letter
        else:
            found.append(letter)
    return found


def readable(text: str) -> str:
    """Return what can be printed of the text, in one line.

    Each word is printed whole, or with replaced letters, or not at all.
    """
    words = (printable(word) for word in tidy(text).split(" "))
    return " ".join(word for word in words if word)


def unreadable(text: str) -> list[str]:
    """Return the words that no font of ours can print, not even with replaced letters."""
    return [word for word in tidy(text).split(" ") if printable(word) is None]


def tidy(text: str) -> str:
    """Return the text with composed letters, and with plain spaces and hyphens.

    Without invisible characters other than joiners, and with at most MOST_MARKS on a letter.
    """
    text = SPACES.sub(" ", unicodedata.normalize("NFC", without_controls(text))).translate(HYPHENS)
    visible = "".join(letter for letter in text if letter in JOINERS or not is_control(letter))
    return "".join(cluster[: 1 + MOST_MARKS] for cluster in clusters(visible)).strip()


def is_control(letter: str) -> bool:
    return unicodedata.category(letter).startswith("C")


def printable(word: str) -> str | None:
    """Return the word in letters that we have.

    Empty when it was signs only; None when letters of it would be missing.
    """
    if face_of(word):
        return word
    found = [nearest(cluster) for cluster in clusters(word)]
    return None if None in found else "".join(part for part in found if part)


def nearest(cluster: str) -> str | None:
    """Return the letter as one of our fonts has it: without joiners, or as its base letter.

    Empty for a sign, None for a letter or digit that no font has.
    """
    bare = "".join(letter for letter in cluster if letter not in JOINERS)
    if not bare or face_of(bare):
        return bare
    base = "".join(map(without_flag, base_letters(bare)))
    if base and face_of(base):
        return base
    return None if any(unicodedata.category(letter)[0] in "LN" for letter in bare) else ""


def base_letters(text: str) -> str:
    """Return the text without the marks on its letters."""
    letters = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in letters if not unicodedata.category(letter).startswith("M"))


def without_flag(letter: str) -> str:
    """Return the letter from A to Z that a flag's character stands for; others as they are."""
    number = ord(letter) - FLAG_A
    return chr(ord("A") + number) if 0 <= number < 26 else letter
