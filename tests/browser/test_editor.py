"""The editor of an event in a browser: its sticky buttons, and what it asks before it mails."""

from itertools import product

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE
from tests.browser.visibility import expect_in_window, expect_visible
from tests.support.factories import make_event, make_organizer, make_reservation

pytestmark = pytest.mark.once
ROWS = """(bar) => {
  const buttons = [...bar.children].filter((one) => one.checkVisibility());
  return new Set(buttons.map((one) => one.offsetTop)).size;
}"""


def test_sticky_buttons_take_one_row_on_a_polish_phone(open_window, log_in):
    organizer, page = make_organizer(language="pl"), open_window(**PHONE, locale="pl-PL")
    log_in(page, organizer)
    for status, width in product(("draft", "published"), (320, 390)):
        event = make_event(status=status, organizer=organizer)
        page.set_viewport_size({"width": width, "height": 844})
        page.goto(f"/organizer/events/{event.pk}/edit/")
        bar = page.locator(".action-bar")
        assert (bar.evaluate(ROWS), bar.bounding_box()["height"] <= 80) == (1, True), (
            status,
            width,
        )
        cancel = page.get_by_role("link", name="Odwołaj wydarzenie")
        expect(cancel).to_have_count(1)
        expect_visible(cancel)
        cancel.click()
        expect_in_window(page.get_by_role("heading", name="Odwołać wydarzenie"))


@pytest.mark.parametrize("scripted", [True, False])
def test_moving_an_event_with_guests_asks_first(open_window, log_in, page_errors, scripted):
    page_errors.expected.append("the server responded with a status of 422")
    event = make_reservation(make_event(location="Ruska 46c"), status="confirmed").event
    page = open_window(**PHONE, java_script_enabled=scripted)
    log_in(page, event.organizer)
    page.goto(f"/organizer/events/{event.pk}/edit/")
    page.get_by_label("Place").fill("Hubska 44")
    save = page.get_by_role("button", name="Save changes")
    save.click()
    expect_in_window(
        page.get_by_text("Not saved yet: 1 guest will get a mail about the new time or place.")
    )
    expect_in_window(page.get_by_text("Ruska 46c"))
    page.get_by_label("Yes, change it and tell them").check()
    save.click()
    expect_in_window(page.get_by_text("Saved. 1 guest gets a mail about the change."))
    event.refresh_from_db()
    assert event.location == "Hubska 44"


def asked_on_the_way_to(page, address):
    """Go to this address. Returns whether the browser asked before it left the page."""
    asked = []

    def accept(dialog):
        asked.append(dialog.type)
        dialog.accept()

    page.once("dialog", accept)
    page.goto(address)
    return asked == ["beforeunload"]


def test_leaving_the_editor_asks_only_about_unsaved_changes(open_window, log_in, page_errors):
    page_errors.expected.append("the server responded with a status of 422")
    event = make_event(status="draft")
    page = open_window()
    log_in(page, event.organizer)
    address = f"/organizer/events/{event.pk}/edit/"
    page.goto(address)
    page.get_by_label("Title").click()
    assert not asked_on_the_way_to(page, address)
    page.get_by_label("Title").press_sequentially("!")
    assert asked_on_the_way_to(page, address)
    # A refusal saves nothing.
    page.get_by_label("Title").fill("")
    page.get_by_role("button", name="Save draft").click()
    expect_visible(page.locator(".error-summary"))
    assert asked_on_the_way_to(page, address)
    page.get_by_label("Title").fill("Night Print 2")
    page.get_by_role("button", name="Save draft").click()
    expect(page.locator(".toast")).to_contain_text("Saved")
    assert not asked_on_the_way_to(page, address)
