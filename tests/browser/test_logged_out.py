"""A session that ends under an open page: the page says so and keeps what is typed."""

import pytest
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from playwright.sync_api import expect

from tests.browser.test_form_drafts import log_in_here
from tests.browser.visibility import expect_in_window
from tests.support import processes
from tests.support.factories import PASSWORD, make_event, make_person
from tickets.models import Reservation
from tickets.queue import registration

pytestmark = pytest.mark.once
WORDS = "You are logged out. Log in in a new tab, then go on here: what you typed stays."


@pytest.fixture
def event(site):
    event = make_event()
    registration.reserve(event.pk, person=make_person())
    return event


@pytest.fixture
def organizer_page(page, log_in, event, page_errors):
    page_errors.expected += ["status of 401", "status of 403", "Response Status Error Code 40"]
    log_in(page, event.organizer)
    return page


def expect_told(page):
    """Check that the notice is visible and says how to go on."""
    toast = page.locator(".toast[data-code=logged_out]")
    expect(toast).to_contain_text(WORDS)
    # It rises for a moment.
    toast.evaluate("(toast) => Promise.all(toast.getAnimations().map((one) => one.finished))")
    expect_in_window(toast.get_by_role("link", name="Log in"))


def log_in_in_another_tab(page, person):
    with page.context.expect_page() as opened:
        page.locator(".toast").get_by_role("link", name="Log in").click()
    log_in_here(opened.value, person)
    # They come to the page that they were on.
    expect(opened.value).to_have_url(page.url)
    opened.value.close()


def test_note_is_kept_when_the_queue_refreshes_without_a_session(organizer_page, event):
    page, reservation = organizer_page, event.reservations.get()
    page.goto(f"/organizer/events/{event.pk}/queue/")
    here = page.url
    page.locator(f"#note-{reservation.pk}").click()
    note = page.locator("#note-dialog [name=note]")
    note.fill("Comes with a friend")
    Session.objects.all().delete()
    registration.reserve(event.pk, person=make_person())
    expect_told(page)
    expect(note).to_have_value("Comes with a friend")
    expect(page).to_have_url(here)

    # A press says so too, and the note is not gone.
    page.locator("#note-dialog").get_by_role("button", name="Save").click()
    expect(page.locator(".toast")).to_contain_text("then press again")
    expect(note).to_be_visible()
    log_in_in_another_tab(page, event.organizer)
    page.locator("#note-dialog").get_by_role("button", name="Save").click()
    expect(page.locator("#note-dialog")).to_be_hidden()
    expect(page.locator("#toasts")).to_contain_text("The note is saved.")
    assert Reservation.objects.get(pk=reservation.pk).note == "Comes with a friend"
    # The queue follows again, and shows who came meanwhile.
    registration.reserve(event.pk, person=make_person())
    expect(page.locator("#queue tbody tr")).to_have_count(3)


def test_gate_name_is_kept_when_the_page_refreshes_without_a_session(organizer_page, event):
    page = organizer_page
    asked = []

    def note(request):
        if request.headers.get("hx-request"):
            asked.append(request)

    page.on("request", note)
    page.clock.install()
    page.goto(f"/organizer/events/{event.pk}/doors/")
    page.locator("[name=name]").fill("Side entrance")
    Session.objects.all().delete()
    page.clock.fast_forward(10_000)
    expect_told(page)
    assert len(asked) == 1
    expect(page.locator("[name=name]")).to_have_value("Side entrance")
    # It is told once: a page without a session asks no more.
    page.locator(".toast [data-dismiss]").click()
    page.clock.run_for(11_000)
    page.wait_for_timeout(100)
    assert len(asked) == 1
    expect(page.locator(".toast")).to_have_count(0)


# --- downloads ------------------------------------------------------------------------------------


@pytest.fixture
def saved(organizer_page):
    """Collects the names of the files that the browser saves."""
    names = []
    organizer_page.on("download", lambda file: names.append(file.suggested_filename))
    return names


def test_download_without_a_session_is_the_log_in_page_and_no_file(organizer_page, saved, event):
    page = organizer_page
    page.goto(f"/organizer/events/{event.pk}/queue/")
    page.get_by_text("Export", exact=True).click()
    Session.objects.all().delete()
    page.get_by_role("link", name="As CSV").click()
    expect(page.locator("[name=login]")).to_be_visible()
    assert saved == []


def test_download_that_asks_for_the_password_again_is_a_page_and_no_file(organizer_page, saved):
    page = organizer_page
    page.goto("/accounts/settings/data/")
    link = page.get_by_role("link", name="Download my data")
    link.click()
    processes.wait_until(lambda: page.wait_for_timeout(100) or saved)
    assert [name.rpartition(".")[2] for name in saved] == ["json"]
    forget_the_password(page)
    link.click()
    page.locator("[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    # They are where they pressed, and press again.
    expect(link).to_be_visible()
    assert len(saved) == 1
    link.click()
    processes.wait_until(lambda: page.wait_for_timeout(100) or len(saved) > 1)
    assert saved[1] == saved[0]


def forget_the_password(page):
    """Age the session, as if the password had been given more than five minutes ago."""
    cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    session = SessionStore(cookies[settings.SESSION_COOKIE_NAME])
    for given in session[AUTHENTICATION_METHODS_SESSION_KEY]:
        given["at"] = 0
    session.modified = True
    session.save()
