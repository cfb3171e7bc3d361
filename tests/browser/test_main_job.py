"""The main job, from the first visit to the second scan of a ticket, by all who take part."""

import re
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from events.models import Event
from tests.browser.conftest import PHONE, Site
from tests.support import qr_codes
from tests.support.factories import PASSWORD, make_admin, make_person
from tests.support.processes import wait_until

pytestmark = pytest.mark.once(on="postgresql")


def sign_up(page: Page, phone: Page, site: Site, first: str, last: str, email: str) -> None:
    """Sign up by the form and the mailed link, opened on a phone, and log in where it began."""
    page.goto("/accounts/signup/")
    for field, value in {
        "email": email,
        "first_name": first,
        "last_name": last,
        "password1": PASSWORD,
        "password2": PASSWORD,
    }.items():
        page.locator(f"input[name={field}]").fill(value)
    page.get_by_role("button", name="Create my account").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your mail")
    letter = letter_to(site, email, "Activate")
    body = letter.get_body(("plain",))
    assert body
    link = re.search(r"http\S+/activate/\S+", body.get_content())
    assert link
    phone.goto(link[0])
    phone.get_by_role("button", name="Activate my account").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Your account is active")
    log_in_by_form(page, email)


def log_in_by_form(page: Page, email: str) -> None:
    page.goto("/accounts/login/")
    page.locator("input[name=login]").fill(email)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main").get_by_role("button", name="Log in", exact=True).click()
    expect(page).not_to_have_url(re.compile("/login/"))


def letter_to(site: Site, email: str, subject: str) -> EmailMessage:
    """Wait for the letter to this address with this in its subject."""

    def found() -> EmailMessage | None:
        for letter in site.mailbox.letters:
            if letter["To"] == email and subject in letter["Subject"]:
                return letter
        return None

    return wait_until(found)


def make_organizer_by_role_page(page: Page, name: str) -> None:
    page.goto("/administration/roles/")
    page.get_by_role("searchbox", name="Search people").fill(name)
    expect(page).to_have_url(re.compile(r"\?q="))  # the list has been drawn anew
    page.get_by_role("combobox", name=f"Role of {name}").select_option("organizer")
    page.get_by_role("button", name=f"Save the role of {name}").click()
    expect(page.locator("#toasts")).to_contain_text(name)


def create_and_publish(page: Page, *, seats: int) -> Event:
    start = timezone.localtime() + timedelta(hours=2)
    page.goto("/organizer/")
    page.get_by_role("link", name="New event").first.click()
    page.locator("[name=title]").fill("Nocny druk: linoryt")
    page.locator("[name=description]").fill("Three presses and a lot of ink.")
    page.locator("[name=location]").fill("Ruska 46c, Wrocław")
    page.locator("[name=start_time]").fill(start.strftime("%Y-%m-%dT%H:%M"))
    page.locator("[name=end_time]").fill((start + timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M"))
    page.locator("[name=seats_limit]").fill(str(seats))
    page.get_by_text("I approve each one").click()
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page).to_have_url(re.compile(r"/organizer/events/\d+/"))
    return Event.objects.get()


def reserve(page: Page, event: Event, place: str) -> None:
    page.goto(event.get_absolute_url())
    page.locator("#reservation").get_by_role("button", name="Reserve").click()
    expect(page.locator("#reservation")).to_have_attribute("data-state", "pending")
    expect(page.locator(".line__figure")).to_contain_text(place)


def decide(organizer: Page, event: Event) -> None:
    """Approve Maja and Ewa and reject Jonas, on the page of the queue."""
    organizer.goto(f"/organizer/events/{event.pk}/queue/")
    organizer.get_by_role("button", name="Approve Maja Wiśniewska").click()
    expect(organizer.locator("#toasts")).to_contain_text("Maja Wiśniewska")
    organizer.get_by_role("button", name="Approve Ewa Szczepańska").click()
    organizer.get_by_role("link", name="Reject Jonas Weber").click()
    organizer.get_by_role("dialog").get_by_role("button", name="Reject and notify").click()


def mailed_code(site: Site, folder: Path) -> str:
    """The text of the QR code on the ticket that was mailed to Maja."""
    assert letter_to(site, "maja@example.org", "You are in the queue for")
    letter = letter_to(site, "maja@example.org", "You have a spot at")
    attached = {part.get_content_type(): part for part in letter.iter_attachments()}
    assert {"application/pdf", "text/calendar"} <= set(attached)
    return qr_codes.read_pdf(attached["application/pdf"].get_content(), folder)


def check_in_twice(door: Page, live: Page, event: Event, code: str) -> None:
    """Check this code of Maja's in; the second scan says when it was used. `live` counts one."""
    live.goto(f"/organizer/events/{event.pk}/")
    door.goto(f"/organizer/events/{event.pk}/check-in/")
    show_code(door, code)
    expect(door.locator(".result")).to_contain_text("Maja Wiśniewska")
    door.get_by_role("button", name="Check in").click()
    expect(door.locator(".result")).to_have_attribute("data-result", "admitted")
    expect(live.locator("#live-checked-in").first).to_have_text("1")

    ticket = event.tickets.get(reservation__person__email="maja@example.org")
    assert ticket.checked_in_at
    door.get_by_role("link", name="Next").click()
    show_code(door, code)
    expect(door.locator(".result")).to_have_attribute("data-result", "already_used")
    first_time = ticket.checked_in_at.astimezone(event.zone)
    expect(door.locator(".result")).to_contain_text(first_time.strftime("%H:%M"))


def test_main_job_from_sign_up_to_the_second_check_in(site, open_window, log_in, tmp_path):
    admin, maja, organizer = open_window(), open_window(), open_window()
    sign_up(maja, open_window(**PHONE), site, "Maja", "Wiśniewska", "maja@example.org")
    sign_up(organizer, open_window(**PHONE), site, "Paweł", "Ostrowski", "pawel@example.org")
    log_in_by_form(admin, make_admin().email)
    make_organizer_by_role_page(admin, "Paweł Ostrowski")

    event = create_and_publish(organizer, seats=2)
    onlooker = open_window()
    onlooker.goto(event.get_absolute_url())
    numbers = onlooker.locator("#reservation")
    expect(numbers.locator("#live-spots-left")).to_have_text("2")

    jonas, ewa = open_window(), open_window()
    log_in(jonas, make_person("Jonas Weber"))
    log_in(ewa, make_person("Ewa Szczepańska"))
    for person, place in ((maja, "1st"), (jonas, "2nd"), (ewa, "3rd")):
        reserve(person, event, place)
    expect(numbers.locator("#live-pending")).to_have_text("3")

    decide(organizer, event)
    # Nobody reloads: the onlooker sees the numbers, the guests see what became of them.
    expect(numbers.locator("#live-spots-left")).to_have_text("0")
    expect(numbers.locator("#live-pending")).to_have_text("0")
    expect(maja.locator("#reservation")).to_have_attribute("data-state", "confirmed")
    expect(ewa.locator("#reservation")).to_have_attribute("data-state", "confirmed")
    expect(jonas.locator("#reservation")).to_have_attribute("data-state", "rejected")

    live = open_window()
    log_in(live, event.organizer)
    check_in_twice(organizer, live, event, mailed_code(site, tmp_path))
    event.refresh_from_db()
    assert (event.confirmed_count, event.pending_count, event.checked_in_count) == (2, 0, 1)


def show_code(page: Page, code: str) -> None:
    page.locator("#code").fill(code)
    page.get_by_role("button", name="Find ticket").click()
