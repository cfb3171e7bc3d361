#!/usr/bin/env python3
"""Cut the pages' two fonts out of Instrument Sans, into static/fonts/.

    # in an environment of its own: EventFlow runs without these packages
    pip install fonttools brotli fontpkg-instrument-sans==1.0
    bin/assets/fonts.py

Every page preloads instrument-sans.woff2. It holds what English and Polish need and what names and
titles of western and central Europe need beside that, in one file, so that no word is drawn in two
fonts. instrument-sans-more.woff2 holds all other letters of the font; a browser loads it only for
one of these (unicode-range in static/css/base.css, which this script prints).

Of the width axis, what the styles use is left. The kerning of a variable font is variable too and
is more than half of the file: here it is that of a middling weight, which looks the same and saves
20 kB. The font's licence is in static/licences/.
"""

from pathlib import Path

import fontpkg_instrument_sans
from fontTools.subset import Options, Subsetter, parse_unicodes
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

SOURCE = fontpkg_instrument_sans.ROOT / "files/InstrumentSans[wdth,wght].ttf"
FONTS = Path(__file__).resolve().parents[2] / "static/fonts"
SIGNS = (
    "20-7E,A0,A1,A9,AB,B0,B7,BB,BF,D7,2010-2015,2018-201A,201C-201E,2022,2026,20AC,2191,2193,2212"
)
POLISH = "D3,F3,104-107,118,119,141-144,15A,15B,179-17C"
NEIGHBOURS = "ÀÁÂÄÅÆÇÈÉÊÍÎÑÒÔÖØÚÜàáâãäåæçèéêëìíîïñòôõöøùúûüýÿßœČŘŠŽčďěňřšťůž"
WIDTHS = (84, 100)
FEATURES = ["tnum", "mark", "ccmp", "locl"]
HINTS = ["prep", "gasp"]


def cut(font: TTFont, letters: set[int], features: list[str]) -> TTFont:
    options = Options(
        layout_features=features,
        hinting=False,
        notdef_outline=True,
        name_IDs=[1, 2],
        drop_tables=[*HINTS, "STAT"],
    )
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=letters)
    subsetter.subset(font)
    return font


def make(letters: set[int], target: str) -> None:
    font = cut(instantiateVariableFont(TTFont(SOURCE), {"wdth": WIDTHS}), letters, FEATURES)
    still = cut(
        instantiateVariableFont(TTFont(SOURCE), {"wght": 520, "wdth": 100}),
        letters,
        ["kern", *FEATURES],
    )
    assert font.getGlyphOrder() == still.getGlyphOrder()
    for table in ("GPOS", "GDEF"):
        font[table] = still[table]
    font.flavor, font.recalcTimestamp = "woff2", False
    font.save(FONTS / target)
    print(f"{target}, {(FONTS / target).stat().st_size} bytes: {', '.join(ranges(letters))}")


def ranges(letters: set[int]) -> list[str]:
    """The letters as CSS writes them: U+0020-007E, U+00A0."""
    found: list[list[int]] = []
    for letter in sorted(letters):
        if found and letter == found[-1][1] + 1:
            found[-1][1] = letter
        else:
            found.append([letter, letter])
    return [
        f"U+{first:04X}" if first == last else f"U+{first:04X}-{last:04X}" for first, last in found
    ]


everything = set(TTFont(SOURCE).getBestCmap())
first = everything & (set(parse_unicodes(f"{SIGNS},{POLISH}")) | set(map(ord, NEIGHBOURS)))
make(first, "instrument-sans.woff2")
make(everything - first, "instrument-sans-more.woff2")
