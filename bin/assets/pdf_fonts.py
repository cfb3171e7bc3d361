#!/usr/bin/env python3
"""Make the fonts of the PDF ticket, in tickets/ticket/fonts/.

    # in an environment of its own
    pip install fonttools uharfbuzz fontpkg-instrument-sans==1.0
    bin/assets/pdf_fonts.py FOLDER      # an empty one, for Debian's packages

Run it again when the fonts of the pages change, or Debian's. The pages load Instrument Sans as a
variable font; the PDF renderer reads only static TrueType, one file a weight. What a browser shows
in a font of the system comes from fonts that Debian ships, found by the name of their package:
DejaVu Sans for Vietnamese, African Latin, Greek, Cyrillic, Armenian, Georgian, Hebrew, Arabic, and
signs; Noto Sans, bold, for scripts that a shaper puts together; Droid Sans Fallback for Chinese,
Japanese and Korean.
"""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import fontpkg_instrument_sans
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

ROOT = Path(__file__).resolve().parents[2]
SOURCE = fontpkg_instrument_sans.ROOT / "files/InstrumentSans[wdth,wght].ttf"
TARGET = ROOT / "tickets/ticket/fonts"
WEIGHTS = {"Regular": 420, "Bold": 660}
PACKAGES = {
    "fonts-dejavu-core": "2.37-6",
    "fonts-noto-core": "20201225-1",
    "fonts-droid-fallback": "1:6.0.1r16-1.1",
}
SHAPED = [
    *("Bengali", "Devanagari", "Ethiopic", "Gujarati", "Gurmukhi", "Kannada", "Khmer"),
    *("Lao", "Malayalam", "Myanmar", "Oriya", "Sinhala", "Tamil", "Telugu", "Thai"),
]
# The space, radicals, kana, Hangul and ideographs, and their wide and small forms. The Latin of
# this font is not used.
EAST_ASIAN = [
    0x20,
    *(
        *range(0x1100, 0x1200),
        *range(0x2E80, 0x2FE0),
        *range(0x3000, 0x3400),
        *range(0x4E00, 0xA000),
        *range(0xAC00, 0xD7A4),
    ),
    *(*range(0xF900, 0xFB00), *range(0xFE30, 0xFE50), *range(0xFF00, 0xFFF0)),
]
# What a shaper or a reader of the PDF can ask for stays; hints, for old screens, and these do not.
DROPPED = ["DSIG", "FFTM", "LTSH", "VDMX", "gasp", "hdmx", "kern", "vhea", "vmtx"]


def main(folder: Path) -> None:
    TARGET.mkdir(exist_ok=True)
    for style, weight in WEIGHTS.items():
        make_own(style, weight)
    for package, version in PACKAGES.items():
        fetch(package, version, folder)
    dejavu = {
        style: TTFont(find(folder, f"DejaVuSans{'-Bold' * (style == 'Bold')}.ttf"))
        for style in WEIGHTS
    }
    letters = set.intersection(*(set(font.getBestCmap()) for font in dejavu.values()))
    for style, font in dejavu.items():
        only(letters, font).save(TARGET / f"DejaVuSans-{style}.ttf")
    for script in SHAPED:
        font = TTFont(find(folder, f"NotoSans{script}-Bold.ttf"))
        only(font.getBestCmap(), font, features=["*"]).save(TARGET / f"NotoSans{script}-Bold.ttf")
    only(EAST_ASIAN, TTFont(find(folder, "DroidSansFallback.ttf"))).save(
        TARGET / "DroidSansFallback.ttf"
    )


def fetch(package: str, version: str, folder: Path) -> None:
    """Unpack Debian's package in the folder; its copyright file says the licences."""
    subprocess.run(
        ["apt-get", "download", "--quiet", f"{package}={version}"], cwd=folder, check=True
    )
    archive = next(folder.glob(f"{package}_*.deb"))
    subprocess.run(["dpkg-deb", "--extract", archive.name, "."], cwd=folder, check=True)


def find(folder: Path, name: str) -> Path:
    return next(folder.rglob(name))


def make_own(style: str, weight: int) -> None:
    font = instantiateVariableFont(TTFont(SOURCE), {"wght": weight, "wdth": 100}, inplace=True)
    font = only(font.getBestCmap(), font)
    for number, name in (
        (1, "Instrument Sans"),
        (2, style),
        (4, f"Instrument Sans {style}"),
        (6, f"InstrumentSans-{style}"),
    ):
        font["name"].setName(name, number, 3, 1, 0x409)
    font["OS/2"].usWeightClass = weight
    font.save(TARGET / f"InstrumentSans-{style}.ttf")


def only(characters: Iterable[int], font: TTFont, features: Iterable[str] = ()) -> TTFont:
    """The font with these characters and what the renderer reads; unpacked, with its own date."""
    font.flavor, font.recalcTimestamp = None, False
    options = Options(
        layout_features=[*features], hinting=False, name_IDs=["*"], notdef_outline=True
    )
    options.drop_tables += DROPPED
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=characters)
    subsetter.subset(font)
    return font


if __name__ == "__main__":
    main(Path(sys.argv[1]))
