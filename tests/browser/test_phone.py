"""What an organizer and a guest see on a phone without scrolling."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE
from tests.browser.seen import expect_on_screen
from tests.factories import make_event, make_person, make_reservation

pytestmark = pytest.mark.once


def test_ticket_is_on_the_first_screen(visitor, log_in):
    reservation = make_reservation(make_event(title="A night of " + "long titles " * 8), status="confirmed")
    page = visitor(**PHONE)
    log_in(page, reservation.person)
    page.goto(reservation.event.get_absolute_url())
    ticket = page.get_by_role("link", name="Open my ticket")
    expect_on_screen(ticket)
    ticket.click()
    page.wait_for_url("**/ticket/")


@pytest.mark.parametrize("path", ["messages/", "doors/"])
def test_rail_begins_at_the_page_one_is_on(visitor, log_in, path):
    event = make_event()
    page = visitor(**PHONE)
    log_in(page, event.organizer)
    page.goto(f"/organizer/events/{event.pk}/{path}")
    expect_on_screen(page.locator(".rail [aria-current]"))
    expect(page.locator(".rail ul[data-more-before]")).to_have_count(1)


@pytest.mark.parametrize("admission", ["approval", "automatic"])
def test_first_guest_is_not_put_off_by_noughts(visitor, admission):
    event = make_event(admission=admission)
    page = visitor(**PHONE)
    page.goto(event.get_absolute_url())
    expect(page.locator("#live-pending")).to_be_hidden()
    expect(page.locator("#live-bar")).to_be_hidden()
    make_reservation(event, make_person(), status="pending")
    page.reload()
    expect(page.locator("#live-bar")).to_be_visible()
