"""Films of QR codes for the camera of Chromium, and what the page shows of them."""

from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

import qrcode
from PIL import Image

WIDTH, HEIGHT, FRAMES_A_SECOND = 640, 480, 30
CAMERA = ["--use-fake-device-for-media-stream", "--autoplay-policy=no-user-gesture-required"]
ALLOWED = "--use-fake-ui-for-media-stream"


def film(
    path: Path, pictures: Iterable[Image.Image], *, seconds: float = 1.2, blank: float = 0.3
) -> None:
    """Write a film for the camera: one picture after the other, and an empty one after each.

    It is Motion JPEG, of which Chromium plays 30 frames a second.
    """
    nothing = Image.new("L", (WIDTH, HEIGHT), 200)
    with path.open("wb") as file:
        for picture in pictures:
            for frame, lasts in ((picture, seconds), (nothing, blank)):
                jpeg = BytesIO()
                frame.convert("RGB").save(jpeg, "JPEG", quality=80)
                file.write(jpeg.getvalue() * int(lasts * FRAMES_A_SECOND))


def shown(
    text: str, *, size: int = 380, turned: float = 0, light: float = 1.0, noise: float = 0
) -> Image.Image:
    """Draw a phone with this code before the camera.

    Its size is in pixels, its turn in degrees; it has so much light, and so much noise.
    """
    code = (
        qrcode.make(text, border=4)
        .get_image()
        .convert("L")
        .resize((size, size))
        .rotate(turned, expand=True, fillcolor=90)
    )
    picture = Image.new("L", (WIDTH, HEIGHT), 90)
    picture.paste(code, ((WIDTH - code.width) // 2, (HEIGHT - code.height) // 2))
    if noise:
        picture = Image.blend(picture, Image.effect_noise((WIDTH, HEIGHT), 100), noise)
    return picture.point(lambda grey: int(grey * light))
