"""An organizer writes to their guests and sees at once that it is sent, and for how long it can be taken back."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, PHONE, until
from tests.browser.seen import expect_on_screen, expect_seen
from tests.support.factories import make_event, make_people
from tickets.queue import registration

pytestmark = pytest.mark.once
NOSCRIPT = {**DESKTOP, "java_script_enabled": False}


@pytest.fixture
def event(site):
    event = make_event(title="Nocny druk")
    for person in make_people(3):
        registration.reserve(event, person=person)
    return event


def write(page, event):
    page.goto(f"/organizer/events/{event.pk}/messages/")
    page.locator("input[name=audience][value=pending]").check()
    page.locator("input[name=subject]").fill("Parking")
    page.locator("textarea[name=body]").fill("Behind the hall.")
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Send to 3 people").click()


@pytest.mark.parametrize("window", [DESKTOP, PHONE, NOSCRIPT], ids=["desktop", "phone", "noscript"])
def test_sent_message_is_seen_at_once(visitor, log_in, event, window):
    page = visitor(**window)
    log_in(page, event.organizer)
    write(page, event)

    expect_on_screen(page.locator(".toast p", has_text="Sent to 3. It leaves in"))
    expect_seen(page.locator("#sent strong", has_text="Parking"))
    expect_seen(page.get_by_role("button", name="Take it back"))
    # An empty form for the same guests: pressed again it sends nothing.
    expect(page.locator("input[name=audience][value=pending]")).to_be_checked()
    expect(page.locator("input[name=subject]")).to_have_value("")
    expect(page.get_by_role("button", name="Send to")).to_have_count(0)
    assert event.announcements.count() == 1


def test_seconds_to_take_it_back_are_counted(page, log_in, event):
    log_in(page, event.organizer)
    write(page, event)
    left = page.locator("#sent form [data-words]")
    expect_seen(left)
    first = int(left.inner_text().split()[2])
    assert 40 < first <= 60
    until(
        page,
        "now => parseInt(document.querySelector('#sent [data-words]').textContent.split(' ')[2]) < now",
        first,
    )
    page.reload()
    page.get_by_role("button", name="Take it back").click()
    expect_on_screen(page.locator(".toast p", has_text="Taken back. Nobody gets it."))
    expect_seen(page.locator("#sent .status", has_text="Taken back"))
