"""Reads a PDF with other people's programs, as its owner and a scanner would."""

import struct
import subprocess
from io import BytesIO
from pathlib import Path

from lxml import html
from pypdf import PdfReader
from pypdf.generic import ContentStream


def text_of(pdf: bytes) -> str:
    """Its words, each run of space as one."""
    return " ".join(
        subprocess.run(
            ["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True
        )
        .stdout.decode()
        .split()
    )


def words_below(pdf: bytes, part: float) -> list[str]:
    """The words of its first page that stand below this part of its height."""
    seen = subprocess.run(
        ["pdftotext", "-bbox", "-l", "1", "-", "-"], input=pdf, capture_output=True, check=True
    ).stdout
    page = html.fromstring(seen).find(".//page")
    return [
        str(word.text)
        for word in page.iter("word")
        if float(word.get("ymin")) > part * float(page.get("height"))
    ]


def fonts_of(pdf: bytes) -> dict[str, bool]:
    """The names of its fonts, without the tag of a subset, and whether each is embedded."""
    lines = (
        subprocess.run(["pdffonts", "-"], input=pdf, capture_output=True, check=True)
        .stdout.decode()
        .splitlines()[2:]
    )
    return {line.split()[0].rpartition("+")[2]: line.split()[-5] == "yes" for line in lines}


def codes_of(pdf: bytes, folder: Path) -> list[str]:
    """The text of every QR code on its pages, printed at 150 dots an inch in `folder`."""
    subprocess.run(
        ["pdftoppm", "-r", "150", "-png", "-", str(folder / "page")], input=pdf, check=True
    )
    pages = [str(page) for page in sorted(folder.glob("page*.png"))]
    return (
        subprocess.run(["zbarimg", "--quiet", "--raw", *pages], capture_output=True, check=True)
        .stdout.decode()
        .split()
    )


def missing_glyphs(pdf: bytes) -> list[str]:
    """The codes that are drawn as the empty box that a font has for letters it does not have, `font:code`."""
    reader, found = PdfReader(BytesIO(pdf)), []
    for page in reader.pages:
        fonts, glyphs = page["/Resources"]["/Font"], {}
        for operands, operator in ContentStream(page.get_contents(), reader).operations:
            if operator == b"Tf":
                font, glyphs = operands[0], glyphs_of(fonts[operands[0]])
            elif operator == b"Tj" and glyphs:
                found += [
                    f"{font}:{code}" for code in operands[0].original_bytes if glyphs[code] == 0
                ]
    return found


def glyphs_of(font: dict) -> list[int]:
    """The number of the glyph for each code of an embedded TrueType font; number 0 is the box. Empty for one that is not embedded."""
    file = font.get("/FontDescriptor", {}).get("/FontFile2")
    if file is None:
        return []
    data = file.get_object().get_data()
    tables = {
        data[at : at + 4]: struct.unpack(">II", data[at + 8 : at + 16])[0]
        for at in range(12, 12 + 16 * struct.unpack(">H", data[4:6])[0], 16)
    }
    start = (
        tables[b"cmap"] + struct.unpack(">I", data[tables[b"cmap"] + 8 : tables[b"cmap"] + 12])[0]
    )
    first, count = struct.unpack(">HH", data[start + 6 : start + 10])
    assert struct.unpack(">H", data[start : start + 2])[0] == 6, (
        "the renderer writes its table in format 6"
    )
    return [0] * first + [*struct.unpack(f">{count}H", data[start + 10 : start + 10 + 2 * count])]
