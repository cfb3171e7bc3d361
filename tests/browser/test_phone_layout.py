"""What an organizer and a guest see on a phone without scrolling."""

from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import PHONE
from tests.browser.visibility import expect_in_window
from tests.support.factories import make_event, make_person, make_reservation

pytestmark = pytest.mark.once


def test_ticket_is_on_the_first_screen(open_window, log_in):
    reservation = make_reservation(
        make_event(title="A night of " + "long titles " * 8), status="confirmed"
    )
    page = open_window(**PHONE)
    log_in(page, reservation.person)
    page.goto(reservation.event.get_absolute_url())
    ticket = page.get_by_role("link", name="Open my ticket")
    expect_in_window(ticket)
    ticket.click()
    page.wait_for_url("**/ticket/")


def test_ticket_button_bar_is_opaque(open_window, log_in):
    reservation = make_reservation(make_event(description="word " * 900), status="confirmed")
    page = open_window(**PHONE)
    log_in(page, reservation.person)
    page.goto(reservation.event.get_absolute_url())
    page.mouse.wheel(0, 900)
    box = page.get_by_role("link", name="Open my ticket").bounding_box()
    below = {
        "x": 0,
        "y": box["y"] + box["height"] + 2,
        "width": 390,
        "height": 844 - box["y"] - box["height"] - 2,
    }
    # Past the dock's round corner.
    beside = {"x": 3, "y": box["y"] + 20, "width": box["x"] - 5, "height": box["height"] - 24}
    for clip in (below, beside):
        picture = Image.open(BytesIO(page.screenshot(clip=clip))).convert("RGB")
        bands = [picture.tobytes()[start::3] for start in range(3)]
        assert all(max(band) - min(band) < 4 for band in bands), "one colour"


def test_borderless_button_is_aligned_with_the_others(open_window, log_in):
    reservation = make_reservation(make_event(), make_person(language="pl"), status="confirmed")
    page = open_window(**PHONE | {"viewport": {"width": 340, "height": 844}})
    log_in(page, reservation.person)
    for path in (reservation.event.get_absolute_url(), "/reservations/"):
        page.goto(path)
        calendar, cancel = page.locator(".row--quiet > .button").all()[-2:]
        padding = cancel.evaluate("button => parseFloat(getComputedStyle(button).paddingLeft)")
        above, below = calendar.bounding_box(), cancel.bounding_box()
        first = page.locator(".row--quiet > .button").first.bounding_box()
        assert below["y"] > above["y"], (path, "one below the other")
        assert below["x"] + padding == pytest.approx(first["x"], abs=1), path


def test_navigation_begins_at_the_current_page(open_window, log_in):
    event = make_event()
    page = open_window(**PHONE)
    log_in(page, event.organizer)
    for path in ("messages/", "doors/"):
        page.goto(f"/organizer/events/{event.pk}/{path}")
        expect_in_window(page.locator(".rail [aria-current]"))
        expect(page.locator(".rail ul[data-more-before]")).to_have_count(1)


def test_event_page_shows_no_zero_counts_to_the_first_guest(open_window):
    page = open_window(**PHONE)
    for admission in ("approval", "automatic"):
        event = make_event(admission=admission)
        page.goto(event.get_absolute_url())
        expect(page.locator("#live-pending")).to_be_hidden()
        expect(page.locator("#live-bar")).to_be_hidden()
        make_reservation(event, make_person(), status="pending")
        page.reload()
        expect(page.locator("#live-bar")).to_be_visible()


@pytest.mark.parametrize("status", ["open", "confirmed"])
def test_low_window_has_no_fixed_parts(open_window, log_in, status):
    """A window of 1280 × 1024 at 400 %."""
    event = make_event()
    page = open_window(viewport={"width": 320, "height": 256})
    if status == "confirmed":
        log_in(page, make_reservation(event, status="confirmed").person)
    page.goto(event.get_absolute_url())
    stuck = """() => [...document.querySelectorAll("body *")]
      .filter((one) => one.checkVisibility() && one.getClientRects().length)
      .filter((one) => ["fixed", "sticky"].includes(getComputedStyle(one).position))
      .filter((one) => one.getBoundingClientRect().height > 0)
      .map((one) => one.className)"""
    assert [name for name in page.evaluate(stuck) if "toasts" not in name] == []
