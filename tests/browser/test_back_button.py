"""What a person typed and did not send is shown after the back button to nobody else."""

import pytest
from playwright.sync_api import expect

from tests.support.factories import make_event, make_organizer

pytestmark = pytest.mark.once


@pytest.fixture(params=[True, False], ids=["script", "no-script"])
def left_page(request, open_window, log_in):
    """A page that was opened after two others, in which an organizer typed and sent nothing."""
    page = open_window(java_script_enabled=request.param)
    log_in(page, make_event().organizer)
    page.goto("/organizer/events/new/")
    page.locator("[name=title]").fill("Secret plan")
    page.goto("/accounts/settings/")
    page.locator("[name=first_name]").fill("Secret name")
    page.goto("/")
    return page


def values_two_pages_back(page):
    """The first name and the title in those two pages, once the browser has restored them."""
    page.go_back()
    page.wait_for_timeout(500)
    first_name = page.locator("[name=first_name]").input_value()
    page.go_back()
    page.wait_for_timeout(500)
    expect(page.locator("[name=title]")).to_be_visible()
    return first_name, page.locator("[name=title]").input_value()


def test_back_button_hides_what_another_person_typed(left_page, log_in):
    left_page.context.clear_cookies(name="sessionid")
    log_in(left_page, make_organizer("Bob Lis"))
    assert values_two_pages_back(left_page) == ("Bob", "")


def test_back_button_restores_what_the_same_person_typed(left_page):
    assert values_two_pages_back(left_page) == ("Secret name", "Secret plan")
