"""A guest's ticket without network: it opens again, large and bright, and shows later check-ins."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, until
from tests.browser.visibility import expect_visible
from tests.support.check_in import check_in
from tests.support.factories import make_event, make_person, make_reservation
from tickets.queue import decisions

pytestmark = pytest.mark.once(on="postgresql")
LARGE = "#ticket-large"


@pytest.fixture
def reservation():
    return make_reservation(
        make_event(title="Night Print"), make_person("Łucja Żółć"), status="confirmed"
    )


@pytest.fixture
def phone(open_window, log_in, page_errors, reservation):
    """The guest's phone, after the ticket was opened on it with a connection."""
    page_errors.expected += [
        "ERR_INTERNET_DISCONNECTED",
        "ERR_FAILED",
        "Failed to load resource",
        "WebSocket",
    ]
    page = open_window(**PHONE)
    log_in(page, reservation.person)
    page.goto(address(reservation))
    page.evaluate("navigator.serviceWorker.ready")
    until(page, "caches.match(location.pathname).then(Boolean)")
    until(page, CODE_IS_STORED)
    return page


CODE_IS_STORED = """caches.match(location.pathname.replace(/\\/$/, ".svg"), {ignoreVary: true})
  .then(Boolean)"""


def address(reservation):
    return f"/reservations/{reservation.pk}/ticket/"


def is_drawn(page, picture):
    return page.locator(picture).evaluate("picture => picture.complete && picture.naturalWidth > 0")


def test_ticket_is_stored_with_its_code_while_the_picture_is_still_loading(
    open_window, log_in, reservation
):
    page = open_window(**PHONE)
    page.route("**/ticket.svg", lambda _held: None)
    log_in(page, reservation.person)
    page.goto(address(reservation), wait_until="domcontentloaded")
    until(page, "caches.match(location.pathname).then(Boolean)")
    page.unroute("**/ticket.svg")  # which lets them go on
    until(page, CODE_IS_STORED)


def test_ticket_page_says_that_it_works_offline_once_stored(
    phone, open_window, log_in, reservation
):
    hint = "No signal? This phone keeps your ticket"
    expect_visible(phone.locator("#ticket-offline", has_text=hint))
    without = open_window(**PHONE, service_workers="block")
    log_in(without, reservation.person)
    without.goto(address(reservation))
    expect(without.locator(".ticket")).to_be_visible()
    expect(without.locator("#ticket-offline")).to_be_hidden()


def test_ticket_actions_have_one_width(phone):
    boxes = [button.bounding_box() for button in phone.locator(".ticket-actions > .button").all()]
    assert len(boxes) == 4
    assert len({(box["x"], box["width"]) for box in boxes}) == 1


def test_ticket_opens_again_without_network_large_and_white(phone, reservation):
    phone.context.set_offline(True)
    phone.reload()
    expect(phone.locator(LARGE)).to_be_visible()
    expect(phone.locator(LARGE)).to_contain_text(reservation.tickets.get().code)
    assert is_drawn(phone, f"{LARGE} img")
    box = phone.locator(f"{LARGE} img").bounding_box()
    assert min(box["width"], box["height"]) > 330, "of 390 pixels"
    assert phone.locator(LARGE).evaluate(
        "element => getComputedStyle(element).backgroundColor"
    ) in {"oklch(1 0 0)", "rgb(255, 255, 255)"}
    phone.locator(LARGE).get_by_role("button", name="Close").click()
    expect(phone.locator("#ticket-kept")).to_contain_text(
        "No connection. This is your ticket as of"
    )
    expect(phone.locator("#ticket-state")).to_contain_text("Valid for one entry")


def test_used_ticket_says_so_online_and_in_its_offline_copy(phone, reservation):
    check_in(reservation, by=reservation.event.organizer)
    phone.evaluate("htmx.trigger('#ticket-state', 'ask')")
    expect(phone.locator("#ticket-state")).to_contain_text("Used at")
    until(
        phone,
        """caches.match(location.pathname).then((copy) => copy.text())
          .then((text) => text.includes("Used at"))""",
    )


def test_offline_copy_learns_of_the_check_in_when_the_network_is_back(phone, reservation):
    phone.context.set_offline(True)
    phone.reload()
    expect(phone.locator(LARGE)).to_be_visible()
    check_in(reservation, by=reservation.event.organizer)
    phone.context.set_offline(False)
    expect(phone.locator("#ticket-state")).to_contain_text("Used at", timeout=15_000)
    expect(phone.locator(LARGE)).to_be_hidden()
    expect(phone.locator("#ticket-kept")).to_be_hidden()


def test_offline_copy_is_removed_with_the_seat(phone, reservation, page_errors):
    decisions.reject(reservation, by=reservation.event.organizer)
    page_errors.expected.append("404")
    phone.goto(address(reservation))
    expect(phone.get_by_role("heading", level=1)).not_to_have_text("Night Print")
    assert not phone.evaluate("path => caches.match(path).then(Boolean)", address(reservation))


def test_offline_copy_is_removed_at_log_out(phone, reservation):
    phone.locator("[data-forgets]").first.evaluate("form => form.requestSubmit()")
    phone.wait_for_url(lambda url: "/reservations/" not in url)
    assert not phone.evaluate(
        "caches.keys().then((names) => names.some((name) => name.startsWith('tickets-')))"
    )


def test_offline_copy_is_removed_when_another_person_opens_their_ticket(phone, reservation, log_in):
    other = make_reservation(reservation.event, make_person("Jan Inny"), status="confirmed")
    phone.context.clear_cookies()
    log_in(phone, other.person)
    phone.goto(address(other))
    until(phone, "caches.match(location.pathname).then(Boolean)")
    assert not phone.evaluate("path => caches.match(path).then(Boolean)", address(reservation))
