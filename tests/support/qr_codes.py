"""Reads QR codes as a scanner does: from pixels."""

import subprocess
from pathlib import Path


def read_pdf(pdf: bytes, folder: Path) -> str:
    """The text of the one QR code on the first page of this PDF."""
    (folder / "ticket.pdf").write_bytes(pdf)
    draw = "pdftoppm -r 150 -f 1 -l 1 -singlefile -gray ticket.pdf ticket"
    subprocess.run(draw.split(), cwd=folder, check=True)
    return read_image(folder / "ticket.pgm")


def read_image(path: Path) -> str:
    """The text of the one QR code in this picture."""
    scan = subprocess.run(
        ["zbarimg", "--quiet", "--raw", str(path)], check=True, capture_output=True, text=True
    )
    (text,) = scan.stdout.splitlines()
    return text
