"""The search of check-in on a slow connection: what a person did last is what they see."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, until
from tests.browser.held_requests import HeldRequests
from tests.browser.visibility import expect_in_window
from tests.support.factories import make_event, make_person, make_reservation
from tickets.models import Ticket

pytestmark = pytest.mark.once


@pytest.fixture
def guests(site):
    """The reservations of two guests with the same first name, at one event."""
    event = make_event()
    people = [make_person("Maja Lis"), make_person("Maja Wilk")]
    return [make_reservation(event, person, status="confirmed") for person in people]


@pytest.fixture
def search_page(open_window, log_in, guests):
    event = guests[0].event
    page = open_window(**PHONE)
    log_in(page, event.organizer)
    page.goto(f"/organizer/events/{event.pk}/check-in/search/?q=maja")
    expect(page.locator("#found-guests li")).to_have_count(2)
    return page


def check_in_button(page, reservation):
    return page.get_by_role("button", name=f"Check in {reservation.person}")


def test_late_answer_of_an_older_search_does_not_replace_the_newer_one(search_page, page_errors):
    # htmx logs a request that it gives up.
    page_errors.expected += ["htmx:afterRequest", "htmx:sendAbort"]
    page, held = search_page, HeldRequests(search_page, "**/check-in/search/?q=*", "GET")
    page.locator("#q").fill("maja l")
    held.wait()
    held.holds = False
    page.locator("#q").fill("maja w")
    expect(page.locator("#found-guests li")).to_have_count(1)
    held.release()
    page.wait_for_timeout(300)
    expect_in_window(page.locator("#found-guests li", has_text="Maja Wilk"))
    expect(page.locator("#found-guests")).not_to_contain_text("Maja Lis")


def test_late_answer_of_an_older_check_in_does_not_cover_the_newer_one(search_page, guests):
    page, (first, second) = search_page, guests
    held = HeldRequests(page, f"**/reservations/{first.pk}/check-in/", "POST")
    check_in_button(page, first).click()
    held.wait()
    check_in_button(page, second).click()
    page.wait_for_timeout(300)
    held.release()
    expect_in_window(page.locator("#result .result__name", has_text="Maja Wilk"))
    page.wait_for_timeout(300)
    expect_in_window(page.locator("#result .result__name", has_text="Maja Wilk"))
    expect(page.locator("#result .result__name")).to_have_count(1)
    assert Ticket.objects.filter(checked_in_at=None).count() == 0


def test_form_that_htmx_did_not_send_ends_on_a_page_that_stores_what_can_be_opened(
    search_page, guests
):
    # As a press does before htmx has prepared a form that was swapped in.
    form = search_page.locator("#found-guests form").first
    form.evaluate("form => { document.body.append(form); form.submit() }")
    expect(search_page.locator(".result")).to_have_attribute("data-result", "admitted")
    event = guests[0].event.pk
    page_is_stored = (
        "async (event) => Boolean(await (await caches.open(`door-${event}`))"
        ".match(`/organizer/events/${event}/check-in/`))"
    )
    until(search_page, page_is_stored, event)
