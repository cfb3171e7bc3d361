"""Two organizers decide in one queue: each sees the other's decisions and keeps ticks and place."""

import pytest
from playwright.sync_api import expect

from tests.browser.visibility import expect_visible
from tests.support.factories import make_admin, make_event, make_people
from tickets.queue import registration

pytestmark = pytest.mark.once(on="postgresql")


@pytest.fixture
def event(site):
    event = make_event(seats_limit=20)
    for person in make_people(6):
        registration.reserve(event.pk, person=person)
    return event


@pytest.fixture
def pair(open_queue, event):
    """Two windows of two organizers, both with the queue."""
    return [open_queue(event, person, rows=6) for person in (event.organizer, make_admin())]


def boxes(page):
    return page.locator("#queue [name=r]")


def test_organizer_sees_decisions_of_another_and_keeps_the_ticks(pair, event):
    here, there = pair
    ids = [one.pk for one in event.reservations.in_queue_order()]
    for number in (2, 3, 4):
        here.locator(f"#pick-{ids[number]}").check()
    here.locator(f"#pick-{ids[3]}").focus()
    there.locator(f"#approve-{ids[0]}").click()
    there.locator(f"#reject-{ids[4]}").click()
    there.locator("#reject-one-dialog").get_by_role("button", name="Reject and notify").click()

    expect(here.locator("#queue tbody tr")).to_have_count(4)
    expect(here.locator("#count-confirmed")).to_have_text("1")
    assert here.locator("#queue [name=r]:checked").evaluate_all(
        "boxes => boxes.map(box => box.id)"
    ) == [f"pick-{ids[2]}", f"pick-{ids[3]}"]
    expect(here.locator("[data-bulk-count]")).to_have_text("2 selected")
    assert here.evaluate("document.activeElement.id") == f"pick-{ids[3]}"
    # The places move up, and who decided keeps both rows.
    expect(here.locator(f"#reservation-{ids[1]} td[data-label='Place in queue']")).to_have_text("1")
    expect(there.locator("#queue tbody tr")).to_have_count(6)
    expect(there.locator(f"#reservation-{ids[1]} td[data-label='Place in queue']")).to_have_text(
        "1"
    )
    expect(
        there.locator(f"#reservation-{ids[0]}").get_by_role("link", name="Take back the spot")
    ).to_be_visible()


def test_message_being_typed_survives_decisions_of_another(pair, event):
    here, there = pair
    ids = [one.pk for one in event.reservations.in_queue_order()]
    here.locator(f"#pick-{ids[1]}").check()
    here.locator(".bulk").get_by_role("button", name="Reject").click()
    here.locator("#reject-dialog textarea").fill("Another time")
    there.locator(f"#approve-{ids[0]}").click()
    expect(here.locator("#queue tbody tr")).to_have_count(5)
    expect(here.locator("#reject-dialog textarea")).to_have_value("Another time")
    here.locator("#reject-dialog").get_by_role("button", name="Reject and notify").click()
    expect(here.locator("#toasts")).to_contain_text("1 rejected.")
    rejected = event.reservations.get(pk=ids[1])
    assert (rejected.status, rejected.message) == ("rejected", "Another time")
    assert not here.locator("#reject-dialog").is_visible()
    assert here.locator("#reject-dialog textarea").input_value() == ""


def test_selection_bar_says_how_many_spots_would_be_left(open_queue, event):
    here = open_queue(event, event.organizer, rows=6)
    ids = [one.pk for one in event.reservations.in_queue_order()]
    for number in (0, 1):
        here.locator(f"#pick-{ids[number]}").check()
    expect_visible(here.locator("[data-spots-left]", has_text="18 spots would be left"))
    type(event).objects.filter(pk=event.pk).update(seats_limit=1)
    here.reload()
    for number in (0, 1):
        here.locator(f"#pick-{ids[number]}").check()
    expect_visible(here.locator("[data-spots-left]", has_text="More than there are spots"))
