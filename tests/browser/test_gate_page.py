"""The organizer's page with the link of a gate."""

from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, PHONE
from tests.support.factories import make_event
from tickets.checkin import gates

MIDDLES = """() => [".gate > p", ".gate__qr", ".gate .field"].map((what) => {
  const {left, right} = document.querySelector(what).getBoundingClientRect();
  return Math.round((left + right) / 2);
})"""


def test_gate_page_is_one_column_and_copies_its_link(open_window, log_in):
    event = make_event()
    gate = gates.add_gate(event, name="Entrance A", by=event.organizer)
    for size in (DESKTOP, PHONE):
        page = open_window(**size, permissions=["clipboard-read", "clipboard-write"])
        log_in(page, event.organizer)
        page.goto(f"/organizer/gates/{gate.pk}/")
        middles = page.evaluate(MIDDLES)
        assert max(middles) - min(middles) <= 2, middles
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.get_by_role("button", name="Copy").click()
        expect(page.locator("#toasts")).to_contain_text("The link is copied.")
        assert (
            page.evaluate("navigator.clipboard.readText()") == page.locator("#link").input_value()
        )
