"""The link of a mail that cancels without logging in, as a browser follows it."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.support.factories import make_event, make_person, make_reservation
from tests.support.full_dataset import leave_token

pytestmark = pytest.mark.once


def test_leave_link_cancels_by_its_button(page):
    """A page that hides its address from its own site sends `Origin: null`, and its form is refused."""
    reservation = make_reservation(make_event(), make_person(), status="confirmed")
    page.goto(reverse("tickets:leave", args=[leave_token(reservation)]))
    page.get_by_role("button", name="Cancel reservation").click()
    expect(page.get_by_role("heading", name="Your reservation is cancelled")).to_be_visible()
    reservation.refresh_from_db()
    assert reservation.is_cancelled
