"""QR codes as pictures: black on white, with the margin of four modules that scanners need."""

from io import BytesIO

import qrcode
from qrcode.constants import ERROR_CORRECT_M
from qrcode.image.base import BaseImage
from qrcode.image.pil import PilImage
from qrcode.image.svg import SvgPathFillImage


class CrispSvg(SvgPathFillImage):
    """An SVG whose modules meet without thin lines from antialiasing."""

    QR_PATH_STYLE = {"fill": "#000", "shape-rendering": "crispEdges"}


def svg(text: str) -> bytes:
    """Return a ticket's code as SVG, for pages."""
    return saved(code(text).make_image(CrispSvg))


def link(address: str) -> bytes:
    """Return an address as SVG, for a phone's camera; the QR version is as high as it needs."""
    picture = qrcode.QRCode(error_correction=ERROR_CORRECT_M, box_size=10, border=4)
    picture.add_data(address)
    return saved(picture.make_image(CrispSvg))


def png(text: str) -> bytes:
    """Return a ticket's code as PNG, 490 or 530 pixels square, for the PDF and simple clients."""
    return saved(code(text).make_image(PilImage))


def code(text: str) -> qrcode.QRCode:
    # At level M a seventh of the picture may be unreadable. Version 6 has room for 154 alphanumeric
    # characters, for reservations with ids of up to three digits; version 7 for all others.
    picture = qrcode.QRCode(error_correction=ERROR_CORRECT_M, box_size=10, border=4)
    picture.add_data(text, optimize=0)
    return picture


def saved(image: BaseImage) -> bytes:
    out = BytesIO()
    image.save(out)
    return out.getvalue()
