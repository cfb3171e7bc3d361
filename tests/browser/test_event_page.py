"""What a guest sees on the page of an event, on a phone and on a desktop."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.visibility import expect_visible
from tests.support.factories import make_event, make_person, make_reservation

pytestmark = pytest.mark.once


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_contact_of_an_event_is_shown_to_everybody(open_window, size):
    page = open_window(**size)
    for status in ("published", "cancelled"):
        event = make_event(contact_email="studio@example.org", status=status)
        page.goto(event.get_absolute_url())
        contact = page.get_by_role("link", name="Write to the organizer: studio@example.org")
        expect(contact).to_have_count(1)
        expect(contact).to_have_attribute("href", "mailto:studio@example.org")
        expect_visible(contact)
    page.goto(make_event().get_absolute_url())
    expect(page.get_by_role("link", name="Share")).to_be_visible()
    expect(page.locator("a[href^='mailto:']:not([data-share])")).to_have_count(0)


def test_paragraphs_of_a_description_are_separated(page):
    page.goto(make_event(description="We carve.\n\nThen we print.").get_absolute_url())
    first, second = (paragraph.bounding_box() for paragraph in page.locator(".prose p").all())
    assert second["y"] - (first["y"] + first["height"]) >= 12


def test_reserving_writes_nothing_into_the_console(page, log_in):
    said = []
    page.on("console", lambda message: said.append(message.text))
    log_in(page, make_person())
    page.goto(make_event().get_absolute_url())
    page.get_by_role("button", name="Reserve").click()
    expect(page.locator(".line__figure")).to_be_visible()
    page.get_by_role("link", name="Cancel reservation").click()
    expect(page.get_by_role("button", name="Keep my place")).to_be_focused()
    assert said == []


def test_cancel_dialog_names_what_a_guest_gives_up(page, log_in):
    guest = make_reservation(status="confirmed")
    log_in(page, guest.person)
    page.goto(guest.event.get_absolute_url())
    page.get_by_role("link", name="Cancel reservation").click()
    expect(page.get_by_role("button", name="Keep my spot")).to_be_focused()
