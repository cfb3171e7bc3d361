"""Live numbers change in every open window, with words that agree, and after a server's restart."""

import signal

import pytest
from playwright.sync_api import expect

from events.models import Event
from tests.browser.conftest import until
from tests.browser.frames import advance_clock, number, open_with_sockets, push
from tests.support.factories import make_event, make_person
from tests.support.server_process import serving
from tickets.queue import registration

pytestmark = pytest.mark.once(on="postgresql")


def test_reservation_updates_counts_and_words_in_another_window(site, open_window, log_in):
    event = make_event(seats_limit=3, admission="automatic")
    registration.reserve(event.pk, person=make_person())
    watching, reserving = open_window(), open_window()
    log_in(reserving, make_person())
    watching.goto(event.get_absolute_url())
    expect(watching.locator("#live-spots-left")).to_have_text("2")
    expect(watching.locator("[data-plural=live-spots-left]")).to_have_text("spots left")

    reserving.goto(event.get_absolute_url())
    reserving.get_by_role("button", name="Reserve", exact=True).click()
    expect(watching.locator("#live-spots-left")).to_have_text("1")
    expect(watching.locator("[data-plural=live-spots-left]")).to_have_text("spot left")
    expect(watching.locator("#live-bar .fill-confirmed")).to_have_attribute("width", "66.7%")


# Counts how often the page is asked to look.
ASKED = "window.asked = 0; document.addEventListener('numbers', () => { window.asked += 1 })"


def test_page_refreshes_at_most_once_a_second(page):
    page.clock.install()
    open_with_sockets(page, make_event().get_absolute_url())
    advance_clock(page, 2)
    page.evaluate(ASKED)
    for value in range(1, 41):
        push(page, number("pending", value))
        page.clock.run_for(100)
    expect(page.locator("#live-pending")).to_have_text("40")
    page.clock.run_for(2000)
    assert 2 <= page.evaluate("window.asked") <= 5


def test_heartbeat_without_a_change_leaves_the_page(page):
    page.clock.install()
    open_with_sockets(page, make_event(seats_limit=5).get_absolute_url())
    advance_clock(page, 2)
    page.evaluate(ASKED)
    before = page.locator("#live-pending").element_handle()
    push(page, number("pending", 0), number("spots-left", 5))
    page.clock.run_for(2500)
    assert page.evaluate("window.asked") == 0
    assert before.evaluate("element => element.isConnected")


def test_screen_reader_sentence_follows_a_minute_later(page):
    page.clock.install()
    open_with_sockets(page, make_event(seats_limit=5).get_absolute_url())
    advance_clock(page, 1)
    push(page, number("pending", 2), number("spots-left", 4))
    page.clock.run_for(30_000)
    push(page, number("pending", 3))
    expect(page.locator("[data-sentence]")).to_be_empty()
    page.clock.run_for(30_000)
    expect(page.locator("[data-sentence]")).to_have_text("Spots left: 4. Waiting: 3.")


def test_page_reconnects_after_a_restart(open_window, page_errors, tmp_path):
    # The browser says that it could not connect, and htmx says that the browser said so.
    page_errors.expected += ["WebSocket connection", "[object Event]"]
    event, page = make_event(), open_window()
    lost = page.locator("html[data-connection=lost]")
    with serving(tmp_path / "first.log") as before:
        page.goto(f"http://localhost:{before.port}{event.get_absolute_url()}")
        page.wait_for_timeout(1000)
        assert lost.count() == 0
        before.process.send_signal(signal.SIGTERM)
        expect(lost).to_have_count(1)
    Event.objects.filter(pk=event.pk).update(pending_count=7)
    with serving(tmp_path / "second.log", port=before.port):
        expect(page.locator("#live-pending")).to_have_text("7", timeout=30_000)
        expect(lost).to_have_count(0)


# A page whose pauses before it connects again are noted, not waited for.
NOTE_PAUSES = """
  window.pauses = [];
  const wait = window.setTimeout;
  window.setTimeout = (work, pause, ...more) => {
    const isPause = pause >= 500 && pause <= 15_500 && String(work).includes("reconnect");
    if (isPause) pauses.push(pause);
    return wait(work, isPause ? 0 : pause, ...more);
  };
"""


def test_pages_reconnect_soon_and_spread_out(page):
    address, first = make_event().get_absolute_url(), []
    page.add_init_script(NOTE_PAUSES)
    page.route_web_socket("**/ws/**", lambda socket: socket.close(code=1012))
    for _ in range(8):
        page.goto(address)
        until(page, "pauses.length >= 12")
        pauses = page.evaluate("pauses")
        first.append(pauses[0])
        assert max(pauses) > 3000
    assert all(500 <= pause <= 3000 for pause in first)
    assert max(first) - min(first) > 200
