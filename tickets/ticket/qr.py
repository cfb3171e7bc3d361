"""A ticket's code as a picture: always black on white, with the quiet zone of four modules that scanners need."""

from io import BytesIO

import qrcode
from qrcode.constants import ERROR_CORRECT_M
from qrcode.image.base import BaseImage
from qrcode.image.pil import PilImage
from qrcode.image.svg import SvgPathFillImage


class CrispSvg(SvgPathFillImage):
    """Modules that meet without the hairlines of antialiasing."""

    QR_PATH_STYLE = {"fill": "#000", "shape-rendering": "crispEdges"}


def svg(text: str) -> bytes:
    """For pages: sharp at any size."""
    return saved(code(text).make_image(CrispSvg))


def link(address: str) -> bytes:
    """An address for a phone's camera, as an SVG of whatever version it needs."""
    picture = qrcode.QRCode(error_correction=ERROR_CORRECT_M, box_size=10, border=4)
    picture.add_data(address)
    return saved(picture.make_image(CrispSvg))


def png(text: str) -> bytes:
    """For the PDF and for clients that draw pictures only: 490 or 530 pixels square for a ticket."""
    return saved(code(text).make_image(PilImage))


def code(text: str) -> qrcode.QRCode:
    # At level M a seventh of the picture may be dirty or torn. Version 6 holds 154 alphanumeric characters, a ticket whose reservation has an
    # id of up to three digits; version 7 holds all others.
    picture = qrcode.QRCode(error_correction=ERROR_CORRECT_M, box_size=10, border=4)
    picture.add_data(text, optimize=0)
    return picture


def saved(image: BaseImage) -> bytes:
    out = BytesIO()
    image.save(out)
    return out.getvalue()
