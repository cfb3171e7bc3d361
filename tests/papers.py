"""Reads a PDF with other people's programs, as its owner and a scanner would."""

import subprocess
from pathlib import Path


def text_of(pdf: bytes) -> str:
    """Its words, each run of space as one."""
    return " ".join(subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True).stdout.decode().split())


def fonts_of(pdf: bytes) -> dict[str, bool]:
    """The names of its fonts, without the tag of a subset, and whether each is embedded."""
    lines = subprocess.run(["pdffonts", "-"], input=pdf, capture_output=True, check=True).stdout.decode().splitlines()[2:]
    return {line.split()[0].rpartition("+")[2]: line.split()[-5] == "yes" for line in lines}


def codes_of(pdf: bytes, folder: Path) -> list[str]:
    """The text of every QR code on its pages, printed at 150 dots an inch in `folder`."""
    subprocess.run(["pdftoppm", "-r", "150", "-png", "-", str(folder / "page")], input=pdf, check=True)
    pages = [str(page) for page in sorted(folder.glob("page*.png"))]
    return subprocess.run(["zbarimg", "--quiet", "--raw", *pages], capture_output=True, check=True).stdout.decode().split()
