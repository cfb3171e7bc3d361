"""Draw every page of a fresh demo, or with `--readme` the few that the README shows.

`bin/assets/screenshots` starts this. The first argument is the folder for the pictures.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from demo import ROOT, running_demo
from pictures import draw_all, draw_for_readme
from playwright.sync_api import Browser, Playwright, sync_playwright

QUIET = [
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


def main() -> None:
    for_readme = sys.argv[1:] == ["--readme"]
    default = "docs/pictures" if for_readme else "var/screenshots"
    named = "" if for_readme else "".join(sys.argv[1:2])
    target = Path(named or ROOT / default).absolute()
    chromium = find_chromium()
    target.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        running_demo(Path(folder)) as site,
        sync_playwright() as playwright,
    ):
        browser = launch(playwright, chromium)
        draw = draw_for_readme if for_readme else draw_all
        made = draw(browser, site, target)
        browser.close()
    print(f"{len(made)} pictures in {target}")


def find_chromium() -> str:
    """The path of Chromium. Ends the program if Chromium or pdftoppm is not installed."""
    names = ("chromium", "chromium-browser", "google-chrome")
    chromium = next(filter(None, map(shutil.which, names)), None)
    if chromium and shutil.which("pdftoppm"):
        return chromium
    return sys.exit(
        "The pictures need Chromium and pdftoppm. "
        "On Debian and Ubuntu: sudo apt-get install chromium poppler-utils"
    )


def launch(playwright: Playwright, chromium: str) -> Browser:
    sandbox = [] if os.geteuid() else ["--no-sandbox"]
    return playwright.chromium.launch(executable_path=chromium, args=[*QUIET, *sandbox])


if __name__ == "__main__":
    main()
