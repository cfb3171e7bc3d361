"""Frames that a test puts into the live socket of a page, as if the server had sent them."""

from playwright.sync_api import Page

from tests.browser.conftest import until

# Keeps the sockets that the page opens in `sockets`.
KEEP_SOCKETS = """
  window.sockets = [];
  window.WebSocket = class extends WebSocket {
    constructor(...options) {
      super(...options);
      sockets.push(this);
    }
  };
"""
COUNT_FRAMES = """
  window.frames = 0;
  document.addEventListener("htmx:wsAfterMessage", () => { window.frames += 1 });
"""
PUSH = "data => sockets.at(-1).dispatchEvent(new MessageEvent('message', { data }))"


def open_with_sockets(page: Page, address: str) -> None:
    """Open the page and wait for the server's first frame, which is then not among the test's."""
    page.add_init_script(KEEP_SOCKETS)
    page.add_init_script(COUNT_FRAMES)
    page.goto(address)
    until(page, "window.frames")


def number(name: str, value: int) -> str:
    """The HTML of a live number in a frame."""
    return f'<data id="live-{name}" value="{value}" hx-swap-oob="true">{value}</data>'


def push(page: Page, *snippets: str) -> None:
    """Put a frame with this HTML into the page's newest socket."""
    page.evaluate(PUSH, "\n".join(snippets))


def advance_clock(page: Page, seconds: float) -> None:
    """Move the clock of the page forward by so many seconds and stop it there."""
    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + seconds)
