"""Runs the product and Chromium for the tests of this folder, and mails to a real SMTP server.

`site` is the running product, its web process and its worker, on the tests' database. A call of
`open_window()` opens a browser window with cookies of its own, `page` is one such window, and
`log_in(page, person)` gives it a session. Every error that a page logs, a refused
Content-Security-Policy above all, fails its test. It is long because pytest finds the fixtures of a
folder in its conftest.
"""

import asyncio
import os
import shutil
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.test import Client, override_settings
from django_tasks_db.models import DBTaskResult
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    Playwright,
    Response,
    expect,
    sync_playwright,
)

from accounts.models import User
from events.live import notifications
from events.models import Event
from tests.support import collected_static, processes, sessions
from tests.support.smtp_server import SmtpServer, free_port
from tickets.models import SigningKey

SIGNING_KEY = Ed25519PrivateKey.generate()
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
STILL = {"reduced_motion": "reduce"}
DESKTOP = {"viewport": {"width": 1280, "height": 900}}
# Long enough for a busy machine; a page that never comes fails all the same.
PATIENCE_MS = 60_000
expect.set_options(timeout=30_000)
# Without these, Chromium sends requests of its own to the internet.
NO_BACKGROUND_TRAFFIC = [
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# A new window starts one process instead of two, which costs a fifth less.
FEW_PROCESSES = ["--renderer-process-limit=1", "--num-raster-threads=1"]
# RenderDocument gives the renderer a new frame at each navigation, which costs a fifth of the CPU
# time of a page load. Without it, and only without it, cross-fades between pages get stuck. The
# other features are those of Playwright's own list, which this one replaces, that matter here.
WITHOUT_RENDER_DOCUMENT = (
    "--disable-features=RenderDocument,HttpsUpgrades,MediaRouter,NetworkTimeServiceQuerying,"
    "OptimizationHints,PaintHolding"
)
# What is logged when a cross-fade between two pages does not happen, and when a page is left before
# its reader of codes is loaded; the pages are whole.
HARMLESS = (
    "Transition was aborted",
    "Transition was skipped",
    "wasm streaming compile failed: TypeError: Failed to fetch",
    "falling back to ArrayBuffer instantiation",
)


def pytest_collection_modifyitems(items):
    """Mark every test of this folder: it uses a browser, and its changes must be committed."""
    for item in items:
        if item.path.is_relative_to(settings.BASE_DIR / "tests/browser"):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.django_db(transaction=True))


@dataclass
class Site:
    """The running product: its port, and the SMTP server that gets its mails."""

    port: int
    mailbox: SmtpServer

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"


@dataclass
class PageErrors:
    """The errors in the pages of a test: log lines, exceptions and responses from 500 on.

    `expected` holds parts of the errors that the test causes on purpose.
    """

    found: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def listen_to(self, page: Page) -> None:
        page.on("console", self.add_console_message)
        page.on("pageerror", lambda error: self.found.append(f"exception: {error}"))
        page.on("response", self.add_response)

    def add_console_message(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.found.append(f"console: {message.text} ({message.location['url']})")

    def add_response(self, response: Response) -> None:
        if response.status >= 500:
            self.found.append(f"{response.status} {response.url}")

    def unexpected(self) -> list[str]:
        allowed = (*HARMLESS, *self.expected)
        return [error for error in self.found if not any(part in error for part in allowed)]


@pytest.fixture(scope="package")
def running_site(django_db_setup, django_db_blocker, pytestconfig) -> Iterator[Site]:
    """The product, started once in each of pytest's workers that has browser tests.

    It is gone before the other tests: its worker would take their mails.
    """
    site = Site(free_port(), SmtpServer())
    # As in production: one stylesheet and one script, which halves the requests of a page.
    env = {
        "PORT": site.port,
        "FRONTEND_ACTIVATION_URL": site.url,
        "RATE_LIMITS": "off",
        "DEBUG": False,
        **site.mailbox.env,
    }
    site.mailbox.open()
    with ExitStack() as stack:
        stack.callback(site.mailbox.close)
        stack.enter_context(running_notifier())
        worker = processes.command("worker", "--interval", "0.5")
        with django_db_blocker.unblock():
            collected_static.use(pytestconfig.cache.mkdir("eventflow"))
            stack.enter_context(processes.running(processes.command("serve"), **env))
            stack.enter_context(processes.running(worker, **env))
        processes.wait_until(lambda: answers(f"{site.url}/health/"), seconds=300)
        yield site


@contextmanager
def running_notifier() -> Iterator[None]:
    """Let this process send notifications as a web process does.

    They need an event loop of their own: that of this thread is Playwright's.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="notifications")
    thread.start()
    notifications.notifier.loop = loop
    yield
    notifications.notifier.loop = None
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def until(page: Page, question: str, about: object = None) -> None:
    """Wait until this JavaScript, which gets `about`, is true in the page.

    Playwright's wait_for_function takes any promise for true, and after its first try it needs
    eval, which our policy forbids.
    """
    processes.wait_until(lambda: page.evaluate(question, about))


def answers(address: str) -> bool:
    """Whether a server answers at this address."""
    try:
        return urllib.request.urlopen(address, timeout=5).status == 200
    except OSError:
        return False


@pytest.fixture
def site(transactional_db, running_site: Site) -> Iterator[Site]:
    """The running product with an empty database and an empty mailbox.

    Its processes cache the signing key, so the database of each test begins with the same one. What
    the test itself decides is mailed an hour later, so never: a ticket costs a tenth of a second.
    """
    SigningKey.objects.create(
        pk=1,
        public=SIGNING_KEY.public_key().public_bytes_raw(),
        private=SIGNING_KEY.private_bytes_raw(),
    )
    running_site.mailbox.letters.clear()
    with override_settings(MAIL_DECISION_DELAY_SECONDS=3600):
        yield running_site
    running_site.mailbox.stalled.clear()
    running_site.mailbox.refused = set()
    # Nobody reads what is not sent yet. The worker finishes its task before the tables are emptied.
    DBTaskResult.objects.ready().delete()
    processes.wait_until(lambda: not DBTaskResult.objects.running().exists())


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """Playwright, which runs an event loop in this thread.

    Django would take that for an asynchronous view.
    """
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as started:
        yield started
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@contextmanager
def running_chromium(
    playwright: Playwright, *options: str, whole: bool = False
) -> Iterator[Browser]:
    """Run the system's Chromium with these options beside those of all tests.

    Where it is installed, that is Chromium's headless shell: the same engine without the frame of
    a desktop, in which a page load costs half. `whole` asks for what the shell lacks, such as its
    questions for a permission.
    """
    names: tuple[str, ...] = ("chromium", "chromium-browser", "google-chrome")
    if not whole:
        names = ("chromium-headless-shell", *names)
    path = next(filter(None, map(shutil.which, names)), None)
    assert path, "install chromium"
    # Chromium cannot make a sandbox as root, and may not in a container.
    sandbox = [] if os.geteuid() and not Path("/.dockerenv").exists() else ["--no-sandbox"]
    arguments = [*sandbox, *NO_BACKGROUND_TRAFFIC, *FEW_PROCESSES, *options]
    browser = playwright.chromium.launch(executable_path=path, args=arguments)
    yield browser
    browser.close()


@pytest.fixture(scope="package")
def still_chromium(playwright: Playwright) -> Iterator[Browser]:
    """A browser without cross-fades, in which a page load costs less."""
    with running_chromium(playwright, WITHOUT_RENDER_DOCUMENT) as browser:
        yield browser


@pytest.fixture(scope="package")
def chromium(playwright: Playwright, request: pytest.FixtureRequest) -> Iterator[Browser]:
    """The browser of most tests: with cross-fades under LONG=1 only."""
    if os.environ.get("LONG"):
        with running_chromium(playwright) as browser:
            yield browser
    else:
        yield request.getfixturevalue("still_chromium")


@pytest.fixture
def page_errors() -> Iterator[PageErrors]:
    errors = PageErrors()
    yield errors
    assert errors.unexpected() == []


@pytest.fixture
def open_window(
    site: Site, chromium: Browser, page_errors: PageErrors
) -> Iterator[Callable[..., Page]]:
    """Opens a window with cookies of its own; takes the options of Playwright's `new_context`.

    Such as `open_window(**PHONE)`, `open_window(locale="pl-PL", java_script_enabled=False)`. Unless
    LONG=1 is set, its person asked for reduced motion.
    """
    still = {} if os.environ.get("LONG") else STILL
    with windows_of(chromium, site, page_errors) as opened:
        yield partial(opened, **still)


@pytest.fixture
def open_still_window(
    site: Site, still_chromium: Browser, page_errors: PageErrors
) -> Iterator[Callable[..., Page]]:
    """Opens a window as `open_window` does, for a person who asked for reduced motion."""
    with windows_of(still_chromium, site, page_errors) as opened:
        yield partial(opened, **STILL)


@contextmanager
def windows_of(
    browser: Browser, site: Site, page_errors: PageErrors
) -> Iterator[Callable[..., Page]]:
    """Yields what opens a window of this browser, and closes its windows afterwards."""
    contexts = []

    def opened(**options) -> Page:
        context = browser.new_context(
            base_url=site.url,
            **{"locale": "en-GB", "timezone_id": "Europe/Warsaw", **DESKTOP, **options},
        )
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        page_errors.listen_to(page)
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def open_queue(
    open_window: Callable[..., Page], log_in: Callable[..., None]
) -> Callable[..., Page]:
    """Opens the queue of an event in a new window of this person, and waits for its rows."""

    def opened(event: Event, person: User, *, rows: int) -> Page:
        page = open_window()
        log_in(page, person)
        page.goto(f"/organizer/events/{event.pk}/queue/")
        expect(page.locator("#queue tbody tr")).to_have_count(rows)
        return page

    return opened


@pytest.fixture
def page(open_window: Callable[..., Page]) -> Page:
    return open_window()


@pytest.fixture
def log_in(site: Site) -> Callable[[Page, object], None]:
    """Gives the window a session of this person, who gave the password a moment ago."""

    def put_cookie(page: Page, person) -> None:
        client = Client()
        sessions.log_in(client, person)
        name = settings.SESSION_COOKIE_NAME
        page.context.add_cookies(
            [{"name": name, "value": client.cookies[name].value, "url": site.url}]
        )

    return put_cookie
