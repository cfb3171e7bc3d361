"""The link of a mail that cancels a reservation without logging in, followed by a browser."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.support.factories import make_event, make_person, make_reservation
from tests.support.full_dataset import cancel_token

pytestmark = pytest.mark.once


def test_cancel_link_cancels_by_its_button(page):
    """A page that hides its address from its own site would send `Origin: null` and be refused."""
    reservation = make_reservation(make_event(), make_person(), status="confirmed")
    page.goto(reverse("tickets:leave", args=[cancel_token(reservation)]))
    page.get_by_role("button", name="Cancel reservation").click()
    expect(page.get_by_role("heading", name="Your reservation is cancelled")).to_be_visible()
    reservation.refresh_from_db()
    assert reservation.is_cancelled
