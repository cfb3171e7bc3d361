"""An event, and phones that show its check-in page."""

import pytest

from tests.browser.checkin.phone import prepared
from tests.browser.conftest import PHONE
from tests.support.factories import make_event
from tickets.ticket import links


@pytest.fixture
def event():
    return make_event(seats_limit=100)


@pytest.fixture
def phone(open_window, log_in, page_errors):
    """Opens the check-in page on a phone with a connection.

    `phone(event)` is the organizer's, `phone(event, gate)` came by the link of the gate.
    """
    page_errors.expected += [
        "ERR_INTERNET_DISCONNECTED",
        "[object Event]",
        "Failed to load resource",
        "WebSocket connection",
    ]

    def at(event, gate=None, person=None):
        page = open_window(**PHONE)
        if gate:
            page.goto(links.gate_url(gate).partition("//")[2].partition("/")[2].join(["/", ""]))
            page.get_by_label("Your name").fill("Kuba")
            page.get_by_role("button", name="Start").click()
        else:
            log_in(page, person or event.organizer)
            page.goto(f"/organizer/events/{event.pk}/check-in/")
        prepared(page, event)
        return page

    return at
