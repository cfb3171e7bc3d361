"""A font for scripts whose letters change their form and order, as in हिन्दी and தமிழ்.

The PDF renderer draws one glyph for each character, in the order of the text. HarfBuzz finds the
glyphs that a text really has. Each of them gets a private character, which the renderer draws like
any other; the PDF says which text it stands for, so that a text which is copied or read aloud is
the original. This is the only module that uses the internals of reportlab's fonts.
"""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from threading import Lock

import uharfbuzz
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.pdfdoc import PDFDocument
from reportlab.pdfbase.ttfonts import TTFont

# The start of Unicode's second private plane, which no text of a person uses.
FIRST_PRIVATE = 0x100000
# How many glyphs with their texts a font remembers, about 2 MB. Hindi has a few thousand syllables;
# a text of random marks can have more.
MOST_MEANINGS = 10_000


def register(family: str, path: Path) -> None:
    """Register this family with the renderer, once a process, under the renderer's name for it."""
    name = f"{family.lower()}_00"
    if name not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(ShapedFont(name, path))


class ShapedFont(TTFont):
    """A TrueType font of one weight for a script that is written from left to right."""

    def __init__(self, name: str, path: Path) -> None:
        super().__init__(name, str(path))
        self._shaper = uharfbuzz.Font(uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(path))))
        self._lock = Lock()
        self._private: dict[tuple[int, str, int], str] = {}
        self._meaning: dict[int, str] = {}

    def stringWidth(self, text: str | bytes, size: float, encoding: str = "utf8") -> float:
        return float(super().stringWidth(self.shaped(as_str(text, encoding)), size, encoding))

    def splitString(
        self, text: str | bytes, doc: PDFDocument, encoding: str = "utf-8"
    ) -> list[tuple[int, bytes]]:
        return super().splitString(self.shaped(as_str(text, encoding)), doc, encoding)

    def addObjects(self, doc: PDFDocument) -> None:
        """Write the font into the PDF, with the text that each private character stands for."""
        subsets = [list(subset) for subset in self.state[doc].subsets]
        names = [self.getSubsetInternalName(number, doc)[1:] for number in range(len(subsets))]
        super().addObjects(doc)
        for name, subset in zip(names, subsets, strict=True):
            font = doc.idToObject["BasicFonts"].dict[name]
            doc.idToObject[font.ToUnicode.name].content = self._meanings(subset)

    def shaped(self, text: str) -> str:
        """Return the private characters of this text's glyphs, in the order of drawing."""
        buffer = uharfbuzz.Buffer()
        buffer.add_str(text)
        buffer.guess_segment_properties()
        uharfbuzz.shape(self._shaper, buffer)
        advances = [position.x_advance for position in buffer.glyph_positions]
        glyphs = [info.codepoint for info in buffer.glyph_infos]
        texts = meanings(text, [info.cluster for info in buffer.glyph_infos])
        with self._lock:
            return "".join(map(self._letter, glyphs, texts, advances))

    def _letter(self, glyph: int, meaning: str, advance: int) -> str:
        if meaning == " ":
            return meaning
        if len(self._private) >= MOST_MEANINGS:
            meaning = ""
        key = (glyph, meaning, advance)
        if key not in self._private:
            code = FIRST_PRIVATE + len(self._private)
            self.face.charToGlyph[code] = glyph
            self.face.charWidths[code] = self.pdfScale(advance)
            self._private[key], self._meaning[code] = chr(code), meaning
        return self._private[key]

    def _meanings(self, subset: list[int]) -> str:
        """Return the PDF table (9.10.3 in the format) of the text of each code of the subset."""
        texts = (self._meaning.get(code, chr(code)) for code in subset)
        rows = [
            f"<{number:02X}> <{text.encode('utf-16-be').hex().upper()}>"
            for number, text in enumerate(texts)
            if text
        ]
        parts = [rows[first : first + 100] for first in range(0, len(rows), 100)]
        table = "".join(
            f"{len(part)} beginbfchar\n{'\n'.join(part)}\nendbfchar\n" for part in parts
        )
        return (
            "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo <<\n"
            "/Registry (EventFlow)\n/Ordering (Shaped)\n/Supplement 0\n>> def\n"
            "/CMapName /Shaped def\n/CMapType 2 def\n"
            f"1 begincodespacerange\n<00> <FF>\nendcodespacerange\n{table}endcmap\n"
            "CMapName currentdict /CMap defineresource pop\nend\nend\n"
        )


def as_str(text: str | bytes, encoding: str) -> str:
    return text.decode(encoding) if isinstance(text, bytes) else text


def meanings(text: str, clusters: list[int]) -> Iterator[str]:
    """Yield the text that each glyph stands for.

    The first glyph of a syllable stands for the whole syllable, as it was written, and its other
    glyphs for nothing.
    """
    starts = [*sorted(set(clusters)), len(text)]
    ends = dict(pairwise(starts))
    for number, start in enumerate(clusters):
        is_first = number == 0 or clusters[number - 1] != start
        yield text[start : ends[start]] if is_first else ""
