"""What bin/screenshots runs: a demo of its own in a temporary folder, a server on it, and a browser that looks at every page."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
SIZES = {"phone": {"width": 390, "height": 844}, "desktop": {"width": 1280, "height": 900}}
THEMES = ["light", "dark"]
QUIET = [
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
README = [
    ("event", "desktop"),
    ("event", "phone"),
    ("queue", "desktop"),
    ("live", "desktop"),
    ("ticket", "phone"),
    ("door-let-in", "phone"),
]
Deed = Callable[[Page], Any]


class Shot(NamedTuple):
    """One picture: its name, who looks (an address of the demo, or nobody), where, in which language, and what is pressed first."""

    name: str
    who: str
    path: str
    deed: Deed = lambda page: None
    language: str = "en"


def main() -> None:
    readme = sys.argv[1:] == ["--readme"]
    target = (
        ROOT / "docs/pictures"
        if readme
        else Path(sys.argv[1] if sys.argv[1:] else ROOT / "var/screenshots").absolute()
    )
    chromium = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    if not chromium or not shutil.which("pdftoppm"):
        sys.exit(
            "The pictures need Chromium and pdftoppm. On Debian and Ubuntu: sudo apt-get install chromium poppler-utils"
        )
    target.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        demo(Path(folder)) as site,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=chromium, args=[*QUIET, *([] if os.geteuid() else ["--no-sandbox"])]
        )
        made = for_readme(browser, site, target) if readme else everything(browser, site, target)
        browser.close()
    print(f"{len(made)} pictures in {target}")  # noqa: T201


# --- The demo ---------------------------------------------------------------------------------------------------------


@contextmanager
def demo(folder: Path) -> Iterator[str]:
    """The address of a server on a fresh demo, which this process reads and writes too."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    os.environ |= {
        "DATA_DIR": str(folder),
        "PORT": str(port),
        "DATABASE_URL": "",
        "REDIS_URL": "",
        "DJANGO_SETTINGS_MODULE": "eventflow.settings",
    }
    os.environ |= {
        "RATE_LIMITS": "off",
        "DJANGO_ALLOW_ASYNC_UNSAFE": "true",
        "LOG_LEVEL": "ERROR",
        "MAIL_DECISION_DELAY_SECONDS": "0",
    }
    server = subprocess.Popen(
        [sys.executable, "manage.py", "run"], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    try:
        wait_for(f"http://localhost:{port}/health/")
        sys.path.insert(0, str(ROOT))
        import django

        django.setup()
        yield f"http://localhost:{port}"
    finally:
        server.terminate()
        server.wait(timeout=20)


def wait_for(address: str) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            urllib.request.urlopen(address, timeout=2)  # noqa: S310  our own server
        except OSError:
            time.sleep(0.3)
        else:
            return
    sys.exit("The demo did not start within a minute; bin/run says why.")


# --- What there is to see ---------------------------------------------------------------------------------------------


def shots() -> Iterator[Shot]:
    """Every page, with the states that the demo's people meet. Lives a little first, so that nothing is empty that should not be."""
    from events.models import Event

    maja, organizer, admin = "maja@example.org", "organizer@example.org", "admin@example.org"
    by_title = {event.title.split(":")[0]: event for event in Event.objects.all()}
    night, today, past = (
        by_title["Night Print"],
        Event.objects.order_by("-checked_in_count").first(),
        by_title["Introligatornia dla początkujących, część druga"],
    )
    prepare(night, organizer)
    panel = f"/organizer/events/{night.pk}"
    yield Shot("events", "", "/")
    yield Shot("events-polish", "", "/", language="pl")
    yield Shot("events-empty", "", "/?q=underwater+knitting")
    yield Shot("event", "", night.get_absolute_url())
    yield from cards()
    for name in ("login", "signup", "password/reset", "password/reset/done"):
        yield Shot(name.replace("/", "-"), "", f"/accounts/{name}/")
    yield Shot(
        "signup-errors",
        "",
        "/accounts/signup/",
        lambda page: page.click("main form .button--primary"),
    )
    yield Shot("activation-link-broken", "", "/activate/worn-out/")
    yield Shot("my-reservations", maja, "/reservations/")
    yield Shot("my-reservations-past", maja, "/reservations/?show=past")
    yield Shot("my-reservations-empty", admin, "/reservations/")
    yield from tickets(maja)
    yield Shot("settings", maja, "/accounts/settings/")
    yield Shot("settings-delete", maja, "/accounts/settings/delete/")
    yield Shot("settings-two-steps", maja, "/accounts/2fa/")
    yield Shot("panel", organizer, "/organizer/")
    yield Shot("panel-polish", organizer, "/organizer/", language="pl")
    yield Shot("editor-new", organizer, "/organizer/events/new/")
    yield Shot("editor", organizer, f"{panel}/edit/")
    yield Shot(
        "editor-errors",
        organizer,
        "/organizer/events/new/",
        lambda page: page.click("button[value=publish]"),
    )
    yield Shot(
        "editor-cancel",
        organizer,
        f"{panel}/edit/",
        lambda page: page.click("[data-opens=cancel-event]"),
    )
    yield Shot("queue", organizer, f"{panel}/queue/")
    yield Shot("queue-polish", organizer, f"{panel}/queue/", language="pl")
    yield Shot("queue-picked", organizer, f"{panel}/queue/", pick)
    yield Shot("queue-note", organizer, f"{panel}/queue/", open_note)
    yield Shot("queue-empty", organizer, f"{panel}/queue/?q=nobody")
    yield Shot("messages", organizer, f"{panel}/messages/", preview)
    yield Shot("live", organizer, f"/organizer/events/{today.pk}/")
    yield Shot("live-past", organizer, f"/organizer/events/{past.pk}/")
    yield from at_the_door(today)
    yield Shot("roles", admin, "/administration/roles/")
    yield Shot("error-403", maja, "/organizer/")
    yield Shot("error-404", "", "/events/0/")
    yield Shot("offline", "", "/offline/")
    for code in ("429", "500", "503", "403_csrf"):
        yield Shot(f"error-{code}", "", "/offline/", draw(f"{code}.html"))
    yield from letters()


def prepare(event: Any, organizer: str) -> None:
    from accounts.models import User
    from events import services
    from tickets.messages import announcements
    from tickets.queue import decisions

    by = User.objects.get(email=organizer)
    waiting = event.reservations.pending().in_queue_order()
    decisions.note(waiting[1], "Comes by wheelchair: keep a table near the lift.", by=by)
    words = {
        "subject": "What to bring",
        "body": "An apron, or clothes that may meet a little ink.\nThe presses are waiting.",
    }
    announcements.send(event, audience="confirmed", key=uuid.uuid4(), by=by, **words)
    services.add_door_staff(event, email="basia@example.net", by=by)


def cards() -> Iterator[Shot]:
    """The reserve card in each state that somebody of the demo meets."""
    from accounts.models import User
    from events.models import Event
    from tickets.queue.card import card_of

    seen = {"draft"}
    for event in Event.objects.order_by("pk"):
        for person in User.objects.order_by("pk"):
            state = card_of(event, person).state
            if state not in seen:
                seen.add(state)
                yield Shot(f"event-{state}", person.email, event.get_absolute_url())


def tickets(maja: str) -> Iterator[Shot]:
    from tickets.models import Ticket

    valid = (
        Ticket.objects.valid().filter(reservation__person__email=maja, checked_in_at=None).first()
    )
    used = (
        Ticket.objects.valid()
        .exclude(checked_in_at=None)
        .select_related("reservation__person")
        .first()
    )
    if valid:
        yield Shot("ticket", maja, f"/reservations/{valid.reservation_id}/ticket/")
        yield Shot("cancel", maja, f"/reservations/{valid.reservation_id}/cancel/")
    if used:
        yield Shot(
            "ticket-used",
            used.reservation.person.email,
            f"/reservations/{used.reservation_id}/ticket/",
        )


def at_the_door(event: Any) -> Iterator[Shot]:
    from tickets.models import Ticket
    from tickets.ticket import signature

    path, door = f"/organizer/events/{event.pk}/check-in/", "door@example.org"
    fresh = event.tickets.valid().filter(checked_in_at=None).first()
    used = event.tickets.valid().exclude(checked_in_at=None).first()
    other = Ticket.objects.valid().exclude(event=event).first()
    yield Shot("door", door, path)
    yield Shot("door-search", door, f"{path}search/?q=ko")
    yield Shot("door-found", door, path, show(fresh.code))
    yield Shot("door-let-in", door, path, let_in(fresh.code))
    yield Shot("door-used", door, path, show(used.code))
    yield Shot("door-not-valid", door, path, show(signature.sign(other)))


def letters() -> Iterator[Shot]:
    """The mails about a reservation and about an account, as their HTML."""
    from django.utils import timezone

    from accounts.models import User
    from eventflow.mail import Letter
    from events.mails import door_staff
    from events.models import DoorStaff
    from tickets import mails
    from tickets.models import Announcement, Reservation, Ticket

    ticket = (
        Ticket.objects.valid()
        .filter(event__start_time__gt=timezone.now())
        .select_related("reservation__event")[0]
    )
    seat, said = ticket.reservation, Announcement.objects.first()
    facts = {
        "person": User.objects.get(email="maja@example.org"),
        "url": "https://events.example.org/x/",
        "days": 3,
    }
    built = {
        "confirmed": mails.confirmed(seat.pk, ticket.serial),
        "reminder": mails.reminder(seat.pk, seat.event.start_time.isoformat()),
        "moved": mails.moved(seat.pk, seat.event.sequence),
        "announcement": mails.announcement(said.pk, said.event.reservations.confirmed().first().pk)
        if said
        else None,
        "event-cancelled": mails.event_cancelled(
            Reservation.objects.filter(event__status="cancelled").values_list("pk", flat=True)[0]
        ),
        "door-staff": door_staff(
            DoorStaff.objects.filter(person=None).values_list("pk", flat=True)[0]
        ),
        "activation": Letter.render("account/activation", facts),
    }
    for name, letter in built.items():
        if letter:
            yield Shot(
                f"mail-{name}",
                "",
                "about:blank",
                lambda page, html=letter.html: page.set_content(html),
            )


# --- What is pressed --------------------------------------------------------------------------------------------------


def draw(template: str) -> Deed:
    """A page that can't be reached on purpose, drawn at an address whose stylesheets it shares."""
    from django.template.loader import render_to_string

    return lambda page: page.set_content(render_to_string(template), wait_until="networkidle")


def show(code: str) -> Deed:
    def deed(page: Page) -> None:
        page.fill("#code", code)
        page.keyboard.press("Enter")
        page.wait_for_selector(".result")

    return deed


def let_in(code: str) -> Deed:
    """For the first time, however often the picture is taken."""
    from tickets.checkin import admission
    from tickets.checkin.access import Keeper
    from tickets.models import Ticket

    def deed(page: Page) -> None:
        ticket = Ticket.objects.select_related("reservation", "event__organizer").get(code=code)
        if ticket.is_used:
            admission.undo_check_in(ticket.reservation, keeper=Keeper(ticket.event.organizer))
        show(code)(page)
        page.keyboard.press("Enter")
        page.wait_for_selector(".result[data-result=ok]")

    return deed


def pick(page: Page) -> None:
    for box in page.locator("#queue [name=r]").all()[:3]:
        box.check()


def open_note(page: Page) -> None:
    page.locator("#queue [data-opens=note-dialog]").nth(1).click()
    page.wait_for_selector("#note-form textarea")


def preview(page: Page) -> None:
    page.fill("[name=subject]", "Doors open at 17:30")
    page.fill("[name=body]", "The gate on Ruska is open, the courtyard is behind it.")
    page.click("button[value=preview]")
    page.wait_for_selector("#preview-h")


# --- Drawing ----------------------------------------------------------------------------------------------------------


def everything(browser: Browser, site: str, target: Path) -> list[Path]:
    wanted = list(shots())
    made = [
        take(browser, site, shot, size, theme, target / f"{shot.name}-{size}-{theme}.png")
        for shot in wanted
        for size in SIZES
        for theme in THEMES
    ]
    made.append(paper(target))
    figures = "".join(
        f'<figure><img src="{path.name}" loading="lazy" alt=""><figcaption>{path.stem}</figcaption></figure>\n'
        for path in made
    )
    style = "body{font:14px system-ui;display:flex;flex-wrap:wrap;gap:24px}img{max-width:600px;max-height:900px;border:1px solid #ccc}figure{margin:0}"
    (target / "index.html").write_text(
        f'<!doctype html><meta charset="utf-8"><title>EventFlow</title><style>{style}</style>\n{figures}'
    )
    return made


def for_readme(browser: Browser, site: str, target: Path) -> list[Path]:
    """The chosen few as light as they look: what fits the window, in 96 colours."""
    known = {shot.name: shot for shot in shots()}
    made = []
    for name, size in README:
        path = take(
            browser, site, known[name], size, "light", target / f"{name}-{size}.png", whole=False
        )
        Image.open(path).convert("RGB").quantize(96, dither=Image.Dither.NONE).save(
            path, optimize=True
        )
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
    whole: bool = True,
) -> Path:
    """Look at the page as this person in this window, and keep the picture."""
    context = browser.new_context(
        base_url=site,
        viewport=SIZES[size],
        color_scheme=theme,
        locale={"en": "en-GB", "pl": "pl-PL"}[shot.language],
        timezone_id="Europe/Warsaw",
        service_workers="block",
        reduced_motion="reduce",
    )
    if shot.who:
        context.add_cookies(
            [{"name": "sessionid", "value": session_of(shot.who, shot.language), "url": site}]
        )
    page = context.new_page()
    page.goto(shot.path, wait_until="load")
    shot.deed(page)
    page.wait_for_timeout(150)
    page.screenshot(path=path, full_page=whole)
    context.close()
    return path


def session_of(email: str, language: str) -> str:
    from django.test import Client

    from accounts.models import User

    person = User.objects.get(email=email)
    User.objects.filter(pk=person.pk).update(language=language)
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client.cookies["sessionid"].value


def paper(target: Path) -> Path:
    """The ticket as it comes out of a printer."""
    from tickets.models import Ticket
    from tickets.ticket import pdf

    ticket = (
        Ticket.objects.valid()
        .select_related("event__organizer", "reservation__person")
        .get(pk=Ticket.objects.valid().values_list("pk")[0][0])
    )
    file = target / "ticket.pdf"
    file.write_bytes(pdf.render(ticket))
    command = ["pdftoppm", "-png", "-r", "80", "-singlefile", str(file), str(target / "ticket-pdf")]
    subprocess.run(command, check=True)  # noqa: S603  our own words
    return target / "ticket-pdf.png"


if __name__ == "__main__":
    main()
