"""A page notices a connection that died without a close, as after sleep, and reconnects.

The relay between browser and server stops passing bytes on. The test moves the page's clock, so it
waits for no real heartbeat and does not depend on the speed of the machine.
"""

import re
from contextlib import contextmanager

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from events.models import Event
from tests.browser.conftest import until
from tests.browser.frames import advance_clock, open_with_sockets
from tests.support.factories import make_event
from tests.support.tcp_relay import relay_to

pytestmark = pytest.mark.once(on="postgresql")

PAGES = {
    "events:detail": "pending",
    "tickets:queue": "pending",
    "events:live": "pending",
    "tickets:check_in": "checked-in",
}
WAKING = {
    "visibilitychange": "document.dispatchEvent(new Event('visibilitychange'))",
    "online": "dispatchEvent(new Event('online'))",
    "focus": "dispatchEvent(new Event('focus'))",
    "pageshow": "dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))",
}


@contextmanager
def connected(page, path, site):
    """Open the page behind a relay and wait for its first numbers; the test moves its clock."""
    with relay_to(site.port) as relay:
        page.clock.install()
        open_with_sockets(page, f"http://localhost:{relay.port}{path}")
        yield relay
        page.close()


@pytest.mark.parametrize("name", PAGES)
def test_page_notices_a_dead_connection_within_forty_seconds_and_reconnects(
    open_window, log_in, site, name
):
    event, page = make_event(), open_window()
    log_in(page, event.organizer)
    number, line = page.locator(f"#live-{PAGES[name]}").first, page.locator("#connection")
    with connected(page, reverse(name, args=[event.pk]), site) as relay:
        expect(number).to_have_text("0")
        relay.stop_passing_on()
        Event.objects.filter(pk=event.pk).update(
            pending_count=3, confirmed_count=3, checked_in_count=3
        )
        page.clock.fast_forward(30_000)
        assert page.evaluate("document.documentElement.dataset.connection") == "open"
        advance_clock(page, 10)
        expect(page.locator("html")).to_have_attribute("data-connection", "lost")
        expect(line).to_be_visible()
        assert re.fullmatch(
            r"No connection: these are the numbers of \d\d:\d\d\. They come back by themselves\.",
            line.inner_text(),
        )
        page.clock.run_for(3_100)
        page.clock.resume()
        expect(number).to_have_text("3")
        expect(line).to_be_hidden()


@pytest.mark.parametrize("sign", WAKING)
def test_page_reconnects_at_once_when_it_is_looked_at_again(open_window, site, sign):
    event, page = make_event(), open_window()
    with connected(page, event.get_absolute_url(), site) as relay:
        relay.stop_passing_on()
        Event.objects.filter(pk=event.pk).update(pending_count=3)
        advance_clock(page, 31)
        page.evaluate(WAKING[sign])
        expect(page.locator("#live-pending")).to_have_text("3")
        page.clock.resume()


def test_page_with_recent_frames_keeps_its_connection(open_window, site):
    event, page = make_event(), open_window()
    with connected(page, event.get_absolute_url(), site):
        page.clock.fast_forward(20_000)
        for sign in WAKING.values():
            page.evaluate(sign)
        assert page.evaluate("sockets.length") == 1


def test_page_replaces_a_dead_connection_once(open_window, site):
    event, page = make_event(), open_window()
    with connected(page, event.get_absolute_url(), site) as relay:
        relay.stop_passing_on()
        advance_clock(page, 31)
        page.evaluate(WAKING["focus"])
        page.clock.resume()
        until(page, "sockets.length === 2 && sockets[1].readyState === 1")
        # Minutes later the browser learns that the dead one is closed; the new one must stay.
        page.evaluate("sockets[0].dispatchEvent(new CloseEvent('close', { code: 1006 }))")
        page.clock.fast_forward(20_000)
        assert page.evaluate("sockets.slice(1).map(socket => socket.readyState)") == [1]
        assert page.evaluate("document.documentElement.dataset.connection") == "open"
