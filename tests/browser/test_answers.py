"""Two answers for one place of a page: what somebody did is always shown, whatever the page asked by itself meanwhile."""

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import expect

from tests.browser.seen import expect_seen
from tests.support.factories import make_event, make_people, make_person
from tickets.queue import registration

pytestmark = pytest.mark.once


class Held:
    """The requests to an address, each of which waits until it is let go."""

    def __init__(self, page, address, method):
        self.page, self.method, self.waiting, self.holds = page, method, [], True
        page.route(address, self.hold)

    def hold(self, route):
        if self.holds and route.request.method == self.method:
            self.waiting.append(route)
        else:
            route.continue_()

    def wait(self, number=1):
        for _ in range(200):
            if len(self.waiting) >= number:
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"{len(self.waiting)} of {number} requests came")

    def release_reservations_of(self):
        self.holds = False
        while self.waiting:
            self.waiting.pop(0).continue_()


@pytest.fixture
def event(site):
    event = make_event(seats_limit=20)
    for person in make_people(4):
        registration.reserve(event, person=person)
    return event


@pytest.fixture
def queue_page(open_queue, event):
    return open_queue(event, event.organizer, rows=4)


def ask(page):
    """What the socket's numbers make the page do, a second or two later."""
    page.evaluate("document.body.dispatchEvent(new CustomEvent('numbers', { bubbles: true }))")


DEEDS = {
    "approve one": lambda page, first: page.locator(f"#approve-{first.pk}").click(),
    "reject in a dialog": lambda page, first: (
        page.locator(f"#reject-{first.pk}").click(),
        page.locator("#reject-one-dialog").get_by_role("button", name="Reject and notify").click(),
    ),
    "approve the next": lambda page, first: (
        page.locator("#approve-number").fill("1"),
        page.locator("#approve-next").get_by_role("button", name="Approve").click(),
    ),
    "approve the ticked": lambda page, first: (
        page.locator(f"#pick-{first.pk}").check(),
        page.locator(".bulk").get_by_role("button", name="Approve").click(),
    ),
}


@pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS)
def test_what_is_done_while_the_queue_asks_for_news_is_shown(queue_page, event, deed):
    page, first = queue_page, event.reservations.in_queue_order().first()
    asked = Held(page, f"**/organizer/events/{event.pk}/queue/**", "GET")
    ask(page)
    asked.wait()
    deed(page, first)
    expect_seen(page.locator(".toast").last)
    asked.release_reservations_of()
    ask(page)
    expect(page.locator("#count-pending")).to_have_text("3")


@pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS)
def test_the_queue_asks_for_no_news_while_something_is_done(queue_page, event, deed):
    page, first = queue_page, event.reservations.in_queue_order().first()
    done, asked = Held(page, "**/organizer/**", "POST"), []
    page.on(
        "request",
        lambda request: (
            asked.append(request.url)
            if request.method == "GET" and "/queue/" in request.url
            else None
        ),
    )
    deed(page, first)
    done.wait()
    ask(page)
    page.wait_for_timeout(200)
    assert asked == []
    done.release_reservations_of()
    expect_seen(page.locator(".toast").last)
    expect(page.locator("#count-pending")).to_have_text("3")


def test_the_second_of_two_deeds_is_shown_although_the_first_drew_its_row_anew(queue_page, event):
    page = queue_page
    first, second = event.reservations.in_queue_order()[:2]
    held = Held(page, f"**/reservations/{second.pk}/confirm/", "POST")
    page.locator(f"#approve-{second.pk}").click()
    held.wait()
    page.locator(f"#pick-{first.pk}").check()
    page.locator(".bulk").get_by_role("button", name="Approve").click()
    expect(page.locator("#count-confirmed")).to_have_text("1")
    held.release_reservations_of()
    expect(page.locator("#count-confirmed")).to_have_text("2")
    expect_seen(page.locator(".toast", has_text=second.person.first_name))


def test_reserving_while_the_card_asks_for_news_is_shown(visitor, log_in, event):
    page = visitor()
    log_in(page, make_person("Maja Lis"))
    page.goto(event.get_absolute_url())
    held = Held(page, "**/reserve/", "POST")
    page.locator("#reservation").get_by_role("button", name="Reserve").click()
    held.wait()
    ask(page)
    page.wait_for_timeout(300)
    held.release_reservations_of()
    expect(page.locator("#reservation")).to_have_attribute("data-state", "pending")
    cancelled = Held(page, "**/cancel/", "POST")
    page.locator("#leave-button").click()
    page.locator("#cancel-dialog .button--danger").click()
    cancelled.wait()
    ask(page)
    page.wait_for_timeout(300)
    cancelled.release_reservations_of()
    expect(page.locator("#reservation")).to_have_attribute("data-state", "open")
    expect_seen(page.locator(".toast").last)


def test_news_that_gave_way_to_a_press_come_after_it(queue_page, event):
    page, first = queue_page, event.reservations.in_queue_order().first()
    asked = Held(page, f"**/organizer/events/{event.pk}/queue/**", "GET")
    registration.reserve(event, person=make_person("Maja Lis"))
    ask(page)
    asked.wait()
    page.locator(f"#note-{first.pk}").click()
    expect_seen(page.locator("#note-dialog textarea"))
    asked.release_reservations_of()
    expect(page.locator("#queue tbody tr")).to_have_count(5)
    expect(page.locator("#count-pending")).to_have_text("5")


def test_a_press_whose_session_ended_takes_no_row_away(queue_page, event, complaints):
    page = queue_page
    complaints.expected.append("401 (Unauthorized)")
    first, second = event.reservations.in_queue_order()[:2]
    page.locator(f"#note-{first.pk}").click()
    page.locator("#note-dialog textarea").fill("Comes by train")
    held = Held(page, "**/note/", "POST")
    page.locator("#note-dialog").get_by_role("button", name="Save").click()
    held.wait()
    page.keyboard.press("Escape")
    with page.expect_response("**/note/"):
        page.locator(f"#note-{second.pk}").click()
    expect(page.locator("#note-dialog textarea")).to_have_value("")
    Session.objects.all().delete()
    held.release_reservations_of()
    expect_seen(page.locator("#toasts [data-code=logged_out]"))
    expect(page.locator("#queue tbody tr")).to_have_count(4)
