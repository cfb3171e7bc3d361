"""What a page shows without a connection, and the reader's own time beside that of an event."""

from datetime import datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import until
from tests.support.factories import make_event, make_person

pytestmark = pytest.mark.once(on="postgresql")


def test_lost_connection_is_shown_until_it_is_back(page, page_errors):
    page_errors.expected += ["ERR_INTERNET_DISCONNECTED", "WebSocket"]
    event = make_event()
    page.goto(event.get_absolute_url())
    line = page.locator("#connection")
    expect(line).to_be_hidden()
    page.context.set_offline(True)
    expect(line).to_have_text("You are offline. What you see may be old.")
    page.context.set_offline(False)
    expect(line).to_be_hidden(timeout=15_000)


def test_offline_page_tells_ticket_holders_in_their_language(open_window, log_in, page_errors):
    page_errors.expected += ["ERR_INTERNET_DISCONNECTED", "WebSocket"]
    page, event = open_window(locale="pl-PL"), make_event()
    log_in(page, make_person(language="pl"))
    page.goto("/reservations/")
    page.evaluate("navigator.serviceWorker.ready")
    until(page, "caches.match('/offline/').then(Boolean)")
    page.context.set_offline(True)
    page.goto(event.get_absolute_url())
    expect(page.locator("html")).to_have_attribute("lang", "pl")
    expect(page.locator(".hero-state .button")).to_be_visible()
    page.context.set_offline(False)
    page.locator(".hero-state .button").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(event.title)


def own_time(window, start, hours):
    """What the page of an event in Warsaw says about the clock of who reads it."""
    begins = datetime.fromisoformat(start)
    event = make_event(start_time=begins, end_time=begins + timedelta(hours=hours))
    window.goto(event.get_absolute_url())
    expect(window.locator("#reservation")).to_be_visible()
    return window.locator(".own-time").inner_text()


# {zone of the reader: what is said of an event that begins at 18:00 in Warsaw, for four hours}
OWN_TIMES = {
    "Europe/Warsaw": "",
    "Europe/Berlin": "",
    "America/New_York": " (12:00–16:00 on your clock)",
    "Asia/Tokyo": " (Sat 02:00–06:00 on your clock)",
}


def test_own_time_is_shown_where_it_differs(open_window):
    said = {
        zone: own_time(open_window(timezone_id=zone), "2027-12-10T17:00Z", 4) for zone in OWN_TIMES
    }
    assert said == OWN_TIMES


# {zone of the reader: {(start of the event, its hours): what is said}}
ENDS_ON_ANOTHER_DAY = {
    "Europe/London": {
        ("2027-06-05T16:00Z", 23): " (17:00–Sun 16:00 on your clock)",
        ("2027-06-05T16:00Z", 9): " (17:00–02:00 on your clock)",
        ("2027-06-05T16:00Z", 13): " (17:00–Sun 06:00 on your clock)",
        ("2027-06-05T16:00Z", 7): " (17:00–00:00 on your clock)",
        ("2027-06-05T16:00Z", 31): " (17:00–Sun 24:00 on your clock)",
    },
    "Asia/Tokyo": {
        ("2027-06-05T16:00Z", 20): " (Sun 01:00–21:00 on your clock)",
        ("2027-06-05T16:00Z", 168): " (Sun 01:00–Sun, Jun 13 01:00 on your clock)",
    },
    # Warsaw's clocks go back that night, those of Lagos never: the same start, another end.
    "Africa/Lagos": {
        ("2027-10-30T22:00Z", 12): " (Sat 23:00–Sun 11:00 on your clock)",
        ("2027-10-30T16:00Z", 18): " (17:00–Sun 11:00 on your clock)",
    },
}


@pytest.mark.parametrize("zone", ENDS_ON_ANOTHER_DAY)
def test_own_time_names_the_day_of_an_end_on_another_day(open_window, zone):
    window, expected = open_window(timezone_id=zone), ENDS_ON_ANOTHER_DAY[zone]
    assert {times: own_time(window, *times) for times in expected} == expected


def test_sharing_copies_the_link_without_a_share_sheet(open_window):
    event = make_event()
    page = open_window()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(event.get_absolute_url())
    page.get_by_role("link", name="Share").locator("visible=true").click()
    expect(page.locator(".toast")).to_contain_text("The link is copied.")
    assert page.evaluate("navigator.clipboard.readText()").endswith(event.get_absolute_url())
