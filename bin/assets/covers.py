#!/usr/bin/env python3
"""Draw the posters as pictures for links that are shared: static/img/covers/<hue>-<pattern>.png.

The source is our own stylesheets. Needs the packages of requirements-dev.txt and a Chromium; run
it again after changing tokens.css or the posters in event.css.
"""

import shutil
from itertools import product
from pathlib import Path

from PIL import Image
from playwright.sync_api import ViewportSize, sync_playwright

STATIC = Path(__file__).resolve().parents[2] / "static"
HUES = [
    "cherry",
    "coral",
    "amber",
    "olive",
    "fern",
    "jade",
    "lagoon",
    "sky",
    "cobalt",
    "iris",
    "plum",
    "rose",
]
PATTERNS = ["sun", "rings", "rays", "tiles", "steps", "arches", "dots"]
SIZE: ViewportSize = {"width": 1200, "height": 630}
FILL = "html, body, .poster { margin: 0; width: 1200px; height: 630px; border-radius: 0 }"
PAGE = '<!doctype html><html data-hue="{}"><style>{}</style><div class="poster" data-pattern="{}">'


def main() -> None:
    styles = "".join(
        (STATIC / "css" / name).read_text() for name in ("tokens.css", "components/event.css")
    )
    folder = STATIC / "img/covers"
    folder.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("chromium-browser"),
            args=["--no-sandbox"],
        )
        page = browser.new_page(viewport=SIZE, color_scheme="light")
        for hue, pattern in product(HUES, PATTERNS):
            target = folder / f"{hue}-{pattern}.png"
            page.set_content(PAGE.format(hue, styles + FILL, pattern))
            page.screenshot(path=target)
            # Four colours and their edges: a palette of 64 is a fifth of the bytes.
            Image.open(target).convert("RGB").quantize(64, dither=Image.Dither.NONE).save(
                target, optimize=True
            )
        browser.close()


if __name__ == "__main__":
    main()
