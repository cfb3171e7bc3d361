"""A real Chromium in front of the real product: its web process and its worker, on the tests' database, mailing to a real SMTP server.

`site.url` is the address, `visitor()` opens a browser window of its own (a person with their own cookies), `page` is one such window, and
`log_in(page, person)` saves typing where logging in is not what the test is about. Whatever a page logs as an error, a refused
Content-Security-Policy above all, fails its test.
"""

import asyncio
import os
import shutil
import subprocess
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.test import Client
from django_tasks_db.models import DBTaskResult
from playwright.sync_api import Browser, ConsoleMessage, Page, Response, expect, sync_playwright

from accounts.models import User
from events.live import notifications
from events.models import Event
from tests.support import processes, sessions
from tests.support.smtp_server import SmtpServer, free_port
from tickets.models import SigningKey

SIGNING_KEY = Ed25519PrivateKey.generate()
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
DESKTOP = {"viewport": {"width": 1280, "height": 900}}
# A page that never comes fails all the same; two busy cores may take their time.
PATIENCE_MS = 60_000
expect.set_options(timeout=30_000)
# A browser that asks nobody on the internet for anything.
STAYS_HOME = [
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Chromium's words for a cross-fade between two pages that did not happen; the pages are whole.
HARMLESS = ("Transition was aborted", "Transition was skipped")


def pytest_collection_modifyitems(items):
    """Everything in this folder works in a browser and needs what it does to be committed."""
    for item in items:
        if item.path.is_relative_to(settings.BASE_DIR / "tests/browser"):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.django_db(transaction=True))


@dataclass
class Site:
    """The running product: where it is, and what it has mailed."""

    port: int
    mailbox: SmtpServer

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"


@dataclass
class Complaints:
    """What the pages of a test said that nobody should have to hear. `expected` holds parts of sentences that belong to the test."""

    heard: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def listen_to(self, page: Page) -> None:
        page.on("console", self.hear_console)
        page.on("pageerror", lambda error: self.heard.append(f"exception: {error}"))
        page.on("response", self.hear_response)

    def hear_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.heard.append(f"console: {message.text} ({message.location['url']})")

    def hear_response(self, response: Response) -> None:
        if response.status >= 500:
            self.heard.append(f"{response.status} {response.url}")

    def unexpected(self) -> list[str]:
        return [
            said
            for said in self.heard
            if not any(part in said for part in (*HARMLESS, *self.expected))
        ]


@pytest.fixture(scope="package")
def running_site(django_db_setup, django_db_blocker) -> Iterator[Site]:
    """The product, started once in each of pytest's workers that has browser tests.

    It is gone before the other tests: its worker would take their mails.
    """
    site = Site(free_port(), SmtpServer())
    # As production serves it: one stylesheet, one script, which is also half the requests of every page.
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
        stack.enter_context(hints_from_here())
        with django_db_blocker.unblock():
            subprocess.run(
                processes.command("collectstatic", "--noinput", "--verbosity=0"),
                env=processes.environment(**env),
                check=True,
            )
            stack.enter_context(processes.running(processes.command("serve"), **env))
            stack.enter_context(
                processes.running(processes.command("worker", "--interval", "0.1"), **env)
            )
        processes.wait_until(lambda: answers(f"{site.url}/health/"), seconds=300)
        yield site


@contextmanager
def hints_from_here() -> Iterator[None]:
    """Let this process tell watchers of changes as a web process does, from a loop of its own: the thread's is Playwright's."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="hints")
    thread.start()
    notifications.notifier.loop = loop
    yield
    notifications.notifier.loop = None
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def until(page: Page, question: str, about: object = None) -> None:
    """Wait until the page answers yes to `question`, which gets `about`.

    Playwright's wait_for_function would take any promise for a yes, and our policy against eval stops it at its second look.
    """
    processes.wait_until(lambda: page.evaluate(question, about))


def answers(address: str) -> bool:
    try:
        return urllib.request.urlopen(address, timeout=5).status == 200
    except OSError:
        return False


@pytest.fixture
def site(transactional_db, running_site: Site) -> Iterator[Site]:
    """The running product with an empty database and an empty mailbox.

    Its processes remember the signing key that they have seen, so each test's database begins with the same one.
    """
    SigningKey.objects.create(
        pk=1,
        public=SIGNING_KEY.public_key().public_bytes_raw(),
        private=SIGNING_KEY.private_bytes_raw(),
    )
    running_site.mailbox.letters.clear()
    yield running_site
    running_site.mailbox.stalled.clear()
    running_site.mailbox.refused = set()
    # Let the worker finish before the tables are emptied under it; its mails belong to this test.
    processes.wait_until(
        lambda: not (DBTaskResult.objects.ready() | DBTaskResult.objects.running()).exists()
    )


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The system's Chromium. Playwright runs an event loop in this thread, which Django would take for an asynchronous view."""
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    assert path, "install chromium"
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        # Chromium makes itself no sandbox as root, and is let make none in a container.
        sandbox = [] if os.geteuid() and not Path("/.dockerenv").exists() else ["--no-sandbox"]
        browser = playwright.chromium.launch(executable_path=path, args=[*sandbox, *STAYS_HOME])
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    heard = Complaints()
    yield heard
    assert heard.unexpected() == []


@pytest.fixture
def visitor(site: Site, chromium: Browser, complaints: Complaints) -> Iterator[Callable[..., Page]]:
    """Opens a window for somebody new: `visitor()`, `visitor(**PHONE)`, `visitor(locale="pl-PL")`, `visitor(java_script_enabled=False)`."""
    contexts = []

    def open_window(**options) -> Page:
        context = chromium.new_context(
            base_url=site.url,
            **{"locale": "en-GB", "timezone_id": "Europe/Warsaw", **DESKTOP, **options},
        )
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        complaints.listen_to(page)
        return page

    yield open_window
    for context in contexts:
        context.close()


@pytest.fixture
def open_queue(visitor: Callable[..., Page], log_in: Callable[..., None]) -> Callable[..., Page]:
    """The queue of an event in a window of this person's own, once these rows are there."""

    def opened(event: Event, person: User, *, rows: int) -> Page:
        window = visitor()
        log_in(window, person)
        window.goto(f"/organizer/events/{event.pk}/queue/")
        expect(window.locator("#queue tbody tr")).to_have_count(rows)
        return window

    return opened


@pytest.fixture
def page(visitor: Callable[..., Page]) -> Page:
    return visitor()


@pytest.fixture
def log_in(site: Site) -> Callable[[Page, object], None]:
    """Give the window a session of this person, who gave the password a moment ago."""

    def put_cookie(page: Page, person) -> None:
        client = Client()
        sessions.log_in(client, person)
        name = settings.SESSION_COOKIE_NAME
        page.context.add_cookies(
            [{"name": name, "value": client.cookies[name].value, "url": site.url}]
        )

    return put_cookie
