"""Results of a person's actions are shown, even if the page refreshes itself at the same time."""

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import expect

from tests.browser.held_requests import HeldRequests
from tests.browser.visibility import expect_visible
from tests.support.factories import make_event, make_people, make_person
from tickets.queue import registration

pytestmark = pytest.mark.once(on="postgresql")


@pytest.fixture
def event(site):
    event = make_event(seats_limit=20)
    for person in make_people(4):
        registration.reserve(event.pk, person=person)
    return event


@pytest.fixture
def queue_page(open_queue, event):
    return open_queue(event, event.organizer, rows=4)


def ask(page):
    """Let the page refresh, as it does after a frame of its socket."""
    page.evaluate("document.body.dispatchEvent(new CustomEvent('numbers', { bubbles: true }))")


DECISIONS = {
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


@pytest.mark.parametrize("decide", DECISIONS.values(), ids=DECISIONS)
def test_decision_is_shown_while_the_queue_refreshes(queue_page, event, decide):
    page, first = queue_page, event.reservations.in_queue_order().first()
    asked = HeldRequests(page, f"**/organizer/events/{event.pk}/queue/**", "GET")
    ask(page)
    asked.wait()
    decide(page, first)
    expect_visible(page.locator(".toast").last)
    asked.release()
    ask(page)
    expect(page.locator("#count-pending")).to_have_text("3")


@pytest.mark.parametrize("decide", DECISIONS.values(), ids=DECISIONS)
def test_queue_does_not_refresh_during_a_decision(queue_page, event, decide):
    page, first = queue_page, event.reservations.in_queue_order().first()
    done, asked = HeldRequests(page, "**/organizer/**", "POST"), []
    page.on(
        "request",
        lambda request: (
            asked.append(request.url)
            if request.method == "GET" and "/queue/" in request.url
            else None
        ),
    )
    decide(page, first)
    done.wait()
    ask(page)
    page.wait_for_timeout(200)
    assert asked == []
    done.release()
    expect_visible(page.locator(".toast").last)
    expect(page.locator("#count-pending")).to_have_text("3")


def test_second_decision_is_shown_after_the_first_replaced_its_row(queue_page, event):
    page = queue_page
    first, second = event.reservations.in_queue_order()[:2]
    held = HeldRequests(page, f"**/reservations/{second.pk}/confirm/", "POST")
    page.locator(f"#approve-{second.pk}").click()
    held.wait()
    page.locator(f"#pick-{first.pk}").check()
    page.locator(".bulk").get_by_role("button", name="Approve").click()
    expect(page.locator("#count-confirmed")).to_have_text("1")
    held.release()
    expect(page.locator("#count-confirmed")).to_have_text("2")
    expect_visible(page.locator(".toast", has_text=second.person.first_name))


def test_row_stays_when_another_is_decided_before_its_answer_comes(queue_page, event):
    page = queue_page
    first, second = event.reservations.in_queue_order()[:2]
    held = HeldRequests(page, f"**/reservations/{first.pk}/confirm/", "POST")
    page.locator(f"#approve-{first.pk}").click()
    held.wait()
    page.locator(f"#reject-{second.pk}").click()
    page.locator("#reject-one-dialog").get_by_role("button", name="Reject and notify").click()
    expect(page.locator("#count-pending")).to_have_text("3")
    held.release()
    expect(page.locator("#count-confirmed")).to_have_text("1")
    expect(page.locator("#queue tbody tr")).to_have_count(4)
    expect_visible(page.locator(f"#reservation-{first.pk}").get_by_role("link", name="Take back"))


def test_dialog_shows_itself_with_the_form_of_its_own_guest(queue_page, event):
    page = queue_page
    first, second, third = event.reservations.in_queue_order()[:3]
    dialog = page.locator("#reject-one-dialog")
    page.locator(f"#reject-{first.pk}").click()
    dialog.get_by_role("button", name="Go back").click()
    held = HeldRequests(page, "**/reject/**", "GET")
    page.locator(f"#reject-{second.pk}").click()
    held.wait()
    expect(dialog).to_be_hidden()
    page.locator(f"#reject-{third.pk}").click()
    held.wait(2)
    held.release()
    expect(dialog.get_by_role("heading")).to_have_text(f"Reject {third.person}?")
    dialog.get_by_role("button", name="Reject and notify").click()
    expect_visible(page.locator(f"#reservation-{third.pk} .status", has_text="Rejected"))


def test_reserving_is_shown_while_the_card_refreshes(open_window, log_in, event):
    page = open_window()
    log_in(page, make_person("Maja Lis"))
    page.goto(event.get_absolute_url())
    held = HeldRequests(page, "**/reserve/", "POST")
    page.locator("#reservation").get_by_role("button", name="Reserve").click()
    held.wait()
    ask(page)
    page.wait_for_timeout(300)
    held.release()
    expect(page.locator("#reservation")).to_have_attribute("data-state", "pending")
    cancelled = HeldRequests(page, "**/cancel/", "POST")
    page.locator("#leave-button").click()
    page.locator("#cancel-dialog .button--danger").click()
    cancelled.wait()
    ask(page)
    page.wait_for_timeout(300)
    cancelled.release()
    expect(page.locator("#reservation")).to_have_attribute("data-state", "open")
    expect_visible(page.locator(".toast").last)


def test_delayed_refresh_is_shown_after_a_press(queue_page, event):
    page, first = queue_page, event.reservations.in_queue_order().first()
    asked = HeldRequests(page, f"**/organizer/events/{event.pk}/queue/**", "GET")
    registration.reserve(event.pk, person=make_person("Maja Lis"))
    ask(page)
    asked.wait()
    page.locator(f"#note-{first.pk}").click()
    expect_visible(page.locator("#note-dialog textarea"))
    asked.release()
    expect(page.locator("#queue tbody tr")).to_have_count(5)
    expect(page.locator("#count-pending")).to_have_text("5")


def test_press_without_a_session_removes_no_row(queue_page, event, page_errors):
    page = queue_page
    page_errors.expected.append("401 (Unauthorized)")
    first, second = event.reservations.in_queue_order()[:2]
    page.locator(f"#note-{first.pk}").click()
    page.locator("#note-dialog textarea").fill("Comes by train")
    held = HeldRequests(page, "**/note/", "POST")
    page.locator("#note-dialog").get_by_role("button", name="Save").click()
    held.wait()
    page.keyboard.press("Escape")
    with page.expect_response("**/note/"):
        page.locator(f"#note-{second.pk}").click()
    expect(page.locator("#note-dialog textarea")).to_have_value("")
    Session.objects.all().delete()
    held.release()
    expect_visible(page.locator("#toasts [data-code=logged_out]"))
    expect(page.locator("#queue tbody tr")).to_have_count(4)
