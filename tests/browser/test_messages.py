"""An organizer sends a message to guests, and sees that it is sent and can be withdrawn."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, PHONE, until
from tests.browser.visibility import expect_in_window, expect_visible
from tests.support.factories import make_event, make_people
from tickets.queue import registration

pytestmark = pytest.mark.once(on="postgresql")
NOSCRIPT = {**DESKTOP, "java_script_enabled": False}


@pytest.fixture
def event(site):
    event = make_event(title="Nocny druk")
    for person in make_people(3):
        registration.reserve(event.pk, person=person)
    return event


def write(page, event):
    page.goto(f"/organizer/events/{event.pk}/messages/")
    page.locator("input[name=audience][value=pending]").check()
    page.locator("input[name=subject]").fill("Parking")
    page.locator("textarea[name=body]").fill("Behind the hall.")
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Send to 3 people").click()


@pytest.mark.parametrize("window", [DESKTOP, PHONE, NOSCRIPT], ids=["desktop", "phone", "noscript"])
def test_sent_message_is_shown_at_once(open_window, log_in, event, window):
    page = open_window(**window)
    log_in(page, event.organizer)
    write(page, event)

    expect_in_window(page.locator(".toast p", has_text="Sent to 3. It leaves in"))
    expect_visible(page.locator("#sent strong", has_text="Parking"))
    expect_visible(page.get_by_role("button", name="Take it back"))
    # An empty form for the same guests: pressed again it sends nothing.
    expect(page.locator("input[name=audience][value=pending]")).to_be_checked()
    expect(page.locator("input[name=subject]")).to_have_value("")
    expect(page.get_by_role("button", name="Send to")).to_have_count(0)
    assert event.announcements.count() == 1


def test_sent_message_counts_the_seconds_to_withdraw_it(page, log_in, event):
    log_in(page, event.organizer)
    write(page, event)
    left = page.locator("#sent form [data-words]")
    expect_visible(left)
    first = int(left.inner_text().split()[2])
    assert 40 < first <= 60
    until(
        page,
        """now => {
          const sentence = document.querySelector("#sent [data-words]").textContent;
          return parseInt(sentence.split(" ")[2]) < now;
        }""",
        first,
    )
    page.reload()
    page.get_by_role("button", name="Take it back").click()
    expect_in_window(page.locator(".toast p", has_text="Taken back. Nobody gets it."))
    expect_visible(page.locator("#sent .status", has_text="Taken back"))
