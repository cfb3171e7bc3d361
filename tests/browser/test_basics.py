"""Pages load whole in both languages, on a phone, with and without a script."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE
from tests.support.factories import PASSWORD, make_event, make_person, make_reservation
from tests.support.processes import wait_until


@pytest.mark.parametrize("scripted", [True, False])
def test_log_in_form_leads_to_the_events(open_window, scripted):
    event, person = make_event(), make_person()
    page = open_window(java_script_enabled=scripted)
    page.goto("/accounts/login/")
    page.locator("input[name=login]").fill(person.email)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main").get_by_role("button", name="Log in", exact=True).click()
    page.get_by_role("link", name=event.title).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(event.title)
    expect(page.get_by_role("button", name="Reserve").first).to_be_visible()


def test_log_in_fixture_gives_a_session(page, log_in):
    page.goto("/reservations/")
    assert "/accounts/login/" in page.url
    log_in(page, make_person())
    page.goto("/reservations/")
    assert page.url.endswith("/reservations/")


def test_front_page_fits_a_phone_in_polish(open_window):
    make_event(title="Introligatornia dla początkujących, część druga: wyklejki i okładka z płótna")
    page = open_window(**PHONE, locale="pl-PL")
    page.goto("/")
    expect(page.locator("html")).to_have_attribute("lang", "pl")
    overflow = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert overflow == 0


def test_worker_sends_mails_of_this_process(site, settings):
    settings.MAIL_DECISION_DELAY_SECONDS = 0
    reservation = make_reservation(make_event(admission="automatic"))
    wait_until(lambda: site.mailbox.letters)
    assert [letter["To"] for letter in site.mailbox.letters] == [reservation.person.email]
