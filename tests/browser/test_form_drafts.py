"""A form that is sent after its session ended: its texts are kept and go through after log-in."""

import pytest
from playwright.sync_api import expect

from events.models import Event
from tests.support import processes
from tests.support.factories import PASSWORD, make_event, make_organizer

pytestmark = pytest.mark.once


def end_session(page):
    page.context.clear_cookies(name="sessionid")


def log_in_here(page, person):
    """As a person does it: the address and the password, in the tab that the link opened."""
    page.locator("[name=login]").fill(person.email)
    page.locator("[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("[name=password]")).to_have_count(0)


@pytest.mark.parametrize("java_script_enabled", [True, False])
def test_editor_keeps_its_text_when_the_session_has_ended(
    open_window, log_in, page_errors, java_script_enabled
):
    page_errors.expected += ["status of 401", "status of 403", "Response Status Error Code 40"]
    event, page = make_event(title="Before"), open_window(java_script_enabled=java_script_enabled)
    log_in(page, event.organizer)
    page.goto(f"/organizer/events/{event.pk}/edit/")
    page.locator("[name=title]").fill("After: żółć & “words”")
    page.locator("[name=description]").fill("First line\n\nSecond <line>")
    end_session(page)
    save = page.locator("button[name=action][value=save], main form button.button--primary").first
    save.click()
    if java_script_enabled:
        expect(page.locator(".toast")).to_contain_text(
            "You are logged out. Log in in a new tab, then press again."
        )
        expect(page.locator("[name=title]")).to_have_value("After: żółć & “words”")
    else:
        expect(page.get_by_role("heading", level=1)).to_have_text("You are logged out")
    with page.context.expect_page() as opened:
        page.locator(".toast, main").get_by_role("link", name="Log in").first.click()
    log_in_here(opened.value, event.organizer)
    if java_script_enabled:
        save.click()
    else:
        page.get_by_role("button", name="Send again").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("This form waited too long")
        page.get_by_role("button", name="Send again").click()
    processes.wait_until(lambda: Event.objects.get(pk=event.pk).title != "Before")
    event.refresh_from_db()
    assert (event.title, event.description.replace("\r", "")) == (
        "After: żółć & “words”",
        "First line\n\nSecond <line>",
    )
    assert Event.objects.count() == 1


@pytest.mark.parametrize("java_script_enabled", [True, False])
def test_editor_draft_is_not_sent_as_another_person(
    open_window, log_in, page_errors, java_script_enabled
):
    page_errors.expected += ["status of 40", "Response Status Error Code 40"]
    event, next_person = make_event(title="Before"), make_organizer("Bob Lis")
    page = open_window(java_script_enabled=java_script_enabled)
    log_in(page, event.organizer)
    page.goto("/organizer/events/new/")
    page.locator("[name=title]").fill("Alice’s secret plan")
    end_session(page)
    page.locator("button[name=action][value=save]").click()
    with page.context.expect_page() as opened:
        link = page.locator(".toast, main").get_by_role("link", name="Log in")
        link.first.click()
    log_in_here(opened.value, next_person)
    if java_script_enabled:
        page.locator("button[name=action][value=save]").click()
        expect(page.locator(".toast[data-kind=error]")).to_contain_text("You are logged in as")
        expect(page.locator("[name=title]")).to_have_value("")
        expect(page.locator("[name=title]")).to_be_visible()
    else:
        page.get_by_role("button", name="Send again").click()
        heading = page.get_by_role("heading", level=1)
        expect(heading).to_have_text("This form is somebody else’s")
        expect(page.locator("main")).to_contain_text("You are logged in as Bob Lis.")
    assert "Alice’s secret plan" not in page.content()
    assert list(Event.objects.values_list("title", flat=True)) == ["Before"]
