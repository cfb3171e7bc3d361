"""Reads a PDF with poppler, zbar and pypdf, as its owner and a scanner would."""

import struct
import subprocess
from io import BytesIO
from pathlib import Path
from typing import Any

from lxml import html
from pypdf import PdfReader
from pypdf.generic import ContentStream


def text_of(pdf: bytes) -> str:
    """The text of the PDF, with single spaces."""
    return " ".join(output_of("pdftotext -layout - -", pdf).split())


def output_of(command: str, pdf: bytes) -> str:
    """What this command prints when it reads the PDF from stdin."""
    done = subprocess.run(command.split(), input=pdf, capture_output=True, check=True)
    return done.stdout.decode()


def words_below(pdf: bytes, part: float) -> list[str]:
    """The words of the first page that stand below this part of its height."""
    boxes = output_of("pdftotext -bbox -l 1 - -", pdf)
    page = html.fromstring(boxes.encode()).find(".//page")
    return [
        str(word.text)
        for word in page.iter("word")
        if float(word.get("ymin")) > part * float(page.get("height"))
    ]


def fonts_of(pdf: bytes) -> dict[str, bool]:
    """Return {name of a font, without the tag of a subset: whether it is embedded}."""
    lines = output_of("pdffonts -", pdf).splitlines()[2:]
    return {line.split()[0].rpartition("+")[2]: line.split()[-5] == "yes" for line in lines}


def codes_of(pdf: bytes, folder: Path) -> list[str]:
    """The text of every QR code on the pages, which are drawn at 150 dots an inch in `folder`.

    In grey and not packed, which costs a sixth of a PNG.
    """
    draw = ["pdftoppm", "-r", "150", "-gray", "-", str(folder / "page")]
    subprocess.run(draw, input=pdf, check=True)
    pages = [str(page) for page in sorted(folder.glob("page*.pgm"))]
    scan = ["zbarimg", "--quiet", "--raw", *pages]
    return subprocess.run(scan, capture_output=True, check=True).stdout.decode().split()


def missing_glyphs(pdf: bytes) -> list[str]:
    """The codes, as `font:code`, that are drawn as the box for letters that the font lacks."""
    reader, found = PdfReader(BytesIO(pdf)), []
    for page in reader.pages:
        resources: Any = page["/Resources"]
        fonts: Any = resources["/Font"]
        glyphs: list[int] = []
        for operands, operator in ContentStream(page.get_contents(), reader).operations:
            if operator == b"Tf":
                font, glyphs = operands[0], glyphs_of(fonts[operands[0]])
            elif operator == b"Tj" and glyphs:
                found += [
                    f"{font}:{code}" for code in operands[0].original_bytes if glyphs[code] == 0
                ]
    return found


def glyphs_of(font: dict) -> list[int]:
    """The glyph's number for each code of an embedded TrueType font; number 0 is the box.

    Empty for a font that is not embedded.
    """
    file = font.get("/FontDescriptor", {}).get("/FontFile2")
    if file is None:
        return []
    data = file.get_object().get_data()
    tables = {
        data[at : at + 4]: struct.unpack(">II", data[at + 8 : at + 16])[0]
        for at in range(12, 12 + 16 * struct.unpack(">H", data[4:6])[0], 16)
    }
    cmap = tables[b"cmap"]
    start = cmap + struct.unpack_from(">I", data, cmap + 8)[0]
    (table_format,) = struct.unpack_from(">H", data, start)
    assert table_format == 6, "the renderer writes its table in format 6"
    first, count = struct.unpack_from(">HH", data, start + 6)
    return [0] * first + [*struct.unpack_from(f">{count}H", data, start + 10)]
