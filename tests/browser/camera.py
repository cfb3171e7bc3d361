"""Films of QR codes for the camera of Chromium, and what the page shows of them."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from io import BytesIO
from pathlib import Path

import qrcode
from PIL import Image
from playwright.sync_api import Page, Playwright

from events.models import Event
from tests.browser.conftest import PHONE, PageErrors, Site, running_chromium, windows_of

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


@contextmanager
def camera_pages(
    site: Site,
    playwright: Playwright,
    page_errors: PageErrors,
    log_in: Callable[..., None],
    folder: Path,
    *,
    is_refused: bool = False,
) -> Iterator[Callable[..., Page]]:
    """Opens the check-in page on a phone with a camera, which the person may have refused.

    The camera sees the codes of these texts, or these pictures, again and again. Each page has a
    Chromium of its own: a camera may still run a moment after its last page was closed, and would
    show the next page the film of that one.
    """
    path = folder / "camera.mjpeg"
    options = [*CAMERA, f"--use-file-for-fake-video-capture={path}"]
    options += [] if is_refused else [ALLOWED]
    with ExitStack() as browsers:

        def opened(event: Event, texts: Iterable[str | Image.Image], **times: float) -> Page:
            pictures = [shown(seen) if isinstance(seen, str) else seen for seen in texts]
            film(path, pictures, **times)
            # The headless shell takes an answer that nobody gave for a camera that is in use.
            chromium = running_chromium(playwright, *options, whole=is_refused)
            browser = browsers.enter_context(chromium)
            open_window = browsers.enter_context(windows_of(browser, site, page_errors))
            page = open_window(**PHONE, permissions=[] if is_refused else ["camera"])
            log_in(page, event.organizer)
            page.goto(f"/organizer/events/{event.pk}/check-in/")
            return page

        yield opened
