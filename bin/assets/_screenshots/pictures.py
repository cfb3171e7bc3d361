"""Take the pictures: each page in each window and theme, the printed ticket, an index page."""

import subprocess
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser
from shots import Shot, all_shots

SIZES: dict[str, Any] = {
    "phone": {"width": 390, "height": 844},
    "desktop": {"width": 1280, "height": 900},
}
THEMES = ["light", "dark"]
LOCALES = {"en": "en-GB", "pl": "pl-PL"}
README = [
    ("event", "desktop"),
    ("event", "phone"),
    ("queue", "desktop"),
    ("live", "desktop"),
    ("ticket", "phone"),
    ("door-let-in", "phone"),
]
STYLE = (
    "body{font:14px system-ui;display:flex;flex-wrap:wrap;gap:24px}figure{margin:0}"
    "img{max-width:600px;max-height:900px;border:1px solid #ccc}"
)
FIGURE = (
    '<figure><img src="{0.name}" loading="lazy" alt=""><figcaption>{0.stem}</figcaption></figure>\n'
)


def draw_all(browser: Browser, site: str, target: Path) -> list[Path]:
    """Every page, in both windows and both themes, and `index.html`, which shows them all."""
    made = [
        take(browser, site, shot, size, theme, target / f"{shot.name}-{size}-{theme}.png")
        for shot in list(all_shots())
        for size in SIZES
        for theme in THEMES
    ]
    made.append(draw_paper_ticket(target))
    figures = "".join(FIGURE.format(path) for path in made)
    head = f'<!doctype html><meta charset="utf-8"><title>EventFlow</title><style>{STYLE}</style>'
    (target / "index.html").write_text(f"{head}\n{figures}")
    return made


def draw_for_readme(browser: Browser, site: str, target: Path) -> list[Path]:
    """The pictures of the README: what fits the window, in 96 colours to be small."""
    known = {shot.name: shot for shot in all_shots()}
    made = []
    for name, size in README:
        path = target / f"{name}-{size}.png"
        take(browser, site, known[name], size, "light", path, full_page=False)
        picture = Image.open(path).convert("RGB")
        picture.quantize(96, dither=Image.Dither.NONE).save(path, optimize=True)
        made.append(path)
    return made


def take(
    browser: Browser,
    site: str,
    shot: Shot,
    size: str,
    theme: Any,
    path: Path,
    *,
    full_page: bool = True,
) -> Path:
    """Open the page as the shot's person in this window and write its picture to `path`."""
    context = browser.new_context(
        base_url=site,
        viewport=SIZES[size],
        color_scheme=theme,
        locale=LOCALES[shot.language],
        timezone_id="Europe/Warsaw",
        service_workers="block",
        reduced_motion="reduce",
    )
    if shot.email:
        session = session_of(shot.email, shot.language)
        context.add_cookies([{"name": "sessionid", "value": session, "url": site}])
    page = context.new_page()
    page.goto(shot.path, wait_until="load")
    shot.action(page)
    page.wait_for_timeout(150)
    page.screenshot(path=path, full_page=full_page)
    context.close()
    return path


def session_of(email: str, language: str) -> str:
    """The session cookie of this person, whose language is set."""
    from django.test import Client

    from accounts.models import User

    person = User.objects.get(email=email)
    User.objects.filter(pk=person.pk).update(language=language)
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client.cookies["sessionid"].value


def draw_paper_ticket(target: Path) -> Path:
    """The first valid ticket as a printer gives it."""
    from tickets.models import Ticket
    from tickets.ticket import pdf

    ticket = Ticket.objects.valid().select_related("event__organizer", "reservation__person")[0]
    file = target / "ticket.pdf"
    file.write_bytes(pdf.render(ticket))
    command = ["pdftoppm", "-png", "-r", "80", "-singlefile", str(file), str(target / "ticket-pdf")]
    subprocess.run(command, check=True)
    return target / "ticket-pdf.png"
