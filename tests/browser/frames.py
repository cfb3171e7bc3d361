"""Frames that a test pushes into a page's own socket, as if the server had sent them."""

from playwright.sync_api import Page

from tests.browser.conftest import until

# The page's sockets, in `sockets`.
KEEP_SOCKETS = """
  window.sockets = [];
  window.WebSocket = class extends WebSocket {
    constructor(...options) {
      super(...options);
      sockets.push(this);
    }
  };
"""
PUSH = "data => sockets.at(-1).dispatchEvent(new MessageEvent('message', { data }))"


def open_with_sockets(page: Page, address: str) -> None:
    """Open the page and wait for the first frame from the server, so that it can't come between those of the test."""
    page.add_init_script(KEEP_SOCKETS)
    page.add_init_script(
        "window.frames = 0; document.addEventListener('htmx:wsAfterMessage', () => { window.frames += 1 })"
    )
    page.goto(address)
    until(page, "window.frames")


def number(name: str, value: int) -> str:
    """A live number as the socket brings it."""
    return f'<data id="live-{name}" value="{value}" hx-swap-oob="true">{value}</data>'


def push(page: Page, *snippets: str) -> None:
    page.evaluate(PUSH, "\n".join(snippets))


def pause_after(page: Page, seconds: float) -> None:
    """Move the page's clock by so many seconds and let it stand there."""
    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + seconds)
